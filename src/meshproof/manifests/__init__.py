"""The objects that make a behaviour true: read, applied, awaited, deleted."""

from meshproof.manifests.acceptance import Object, pending, wait_for
from meshproof.manifests.objects import Manifests, Ref, dynamic, message_of, read

__all__ = ["Manifests", "Object", "Ref", "dynamic", "message_of", "pending", "read", "wait_for"]
