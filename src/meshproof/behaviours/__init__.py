"""Every promise of the mesh that meshproof knows how to prove, or means to.

An id never changes its meaning; a behaviour that is dropped is retired and its id is not given again.
"""

from meshproof.behaviours.catalogue import CATALOGUE, UnknownBehaviourError, lookup
from meshproof.behaviours.model import Area, Behaviour, Level
from meshproof.behaviours.needs import FEATURES, check_overrides
from meshproof.behaviours.tested import State, tested_ids

__all__ = [
    "CATALOGUE",
    "FEATURES",
    "Area",
    "Behaviour",
    "Level",
    "State",
    "UnknownBehaviourError",
    "check_overrides",
    "lookup",
    "tested_ids",
]
