"""Why a behaviour failed: what is collected after the verdict, read-only, and the hint that follows."""

from meshproof.diagnose.case import Case
from meshproof.diagnose.collect import Found, examine
from meshproof.diagnose.scene import KubernetesScene, Scene

__all__ = ["Case", "Found", "KubernetesScene", "Scene", "examine"]
