"""The objects that make a behaviour true: read, applied, awaited, deleted."""

from meshproof.manifests.acceptance import LEISURE, Object, pending, wait_for
from meshproof.manifests.barrier import Barrier, Change, Propagated, of_mesh
from meshproof.manifests.objects import Manifests, Ref, dynamic, message_of
from meshproof.manifests.reading import read

__all__ = [
    "LEISURE",
    "Barrier",
    "Change",
    "Manifests",
    "Object",
    "Propagated",
    "Ref",
    "dynamic",
    "message_of",
    "of_mesh",
    "pending",
    "read",
    "wait_for",
]
