"""What this mesh offers, found out by asking the cluster."""

from meshproof.features.detect import DETECTORS, detect
from meshproof.features.model import Feature, Features, Found
from meshproof.features.reads import RIGHTS, Reads, Surroundings

__all__ = ["DETECTORS", "RIGHTS", "Feature", "Features", "Found", "Reads", "Surroundings", "detect"]
