"""The catalogue: every promise of the mesh that meshproof knows of, by its id."""

import re
from collections.abc import Mapping
from difflib import get_close_matches
from types import MappingProxyType

from meshproof.behaviours.bookinfo import BOOKINFO
from meshproof.behaviours.controlplane import CONTROL_PLANE
from meshproof.behaviours.egress import EGRESS
from meshproof.behaviours.extensibility import EXTENSIBILITY
from meshproof.behaviours.ingress import INGRESS
from meshproof.behaviours.lifecycle import LIFECYCLE
from meshproof.behaviours.model import Behaviour
from meshproof.behaviours.needs import FEATURES
from meshproof.behaviours.observability import OBSERVABILITY
from meshproof.behaviours.platform import PLATFORM
from meshproof.behaviours.resilience import RESILIENCE
from meshproof.behaviours.security import SECURITY
from meshproof.behaviours.traffic import TRAFFIC
from meshproof.errors import ExitCode, MeshproofError


class UnknownBehaviourError(MeshproofError):
    """An id that the catalogue does not hold."""

    def __init__(self, behaviour_id: str, known: Mapping[str, Behaviour]) -> None:
        close = _meant(behaviour_id, known)
        super().__init__(
            what=f"no behaviour has the id {behaviour_id!r}",
            next_step=f"use {close} if that is meant"
            if close
            else "use an id of the catalogue, such as TM-02",
            exit_code=ExitCode.USAGE,
        )


def _meant(behaviour_id: str, known: Mapping[str, Behaviour]) -> str | None:
    """Return the id that was probably meant: `tm2` is TM-02, although TM-20 looks more like it."""
    parts = re.fullmatch(r"([A-Z]{2})\W*(\d+)", behaviour_id.strip().upper())
    if parts and (padded := f"{parts[1]}-{int(parts[2]):02}") in known:
        return padded
    return next(iter(get_close_matches(behaviour_id.upper(), known, n=1)), None)


def catalogue(*behaviours: Behaviour) -> Mapping[str, Behaviour]:
    """Return the behaviours by id, in the order given.

    Raises:
        ValueError: two share an id, or one needs a feature that has no name here.
    """
    by_id = {behaviour.id: behaviour for behaviour in behaviours}
    if len(by_id) != len(behaviours):
        raise ValueError("two behaviours of the catalogue share an id")
    for behaviour in behaviours:
        if unknown := behaviour.features - FEATURES.keys():
            raise ValueError(f"{behaviour.id} needs {', '.join(sorted(unknown))}, which is no feature")
    return MappingProxyType(by_id)


CATALOGUE: Mapping[str, Behaviour] = catalogue(
    *BOOKINFO,
    *CONTROL_PLANE,
    *INGRESS,
    *TRAFFIC,
    *RESILIENCE,
    *SECURITY,
    *OBSERVABILITY,
    *EGRESS,
    *EXTENSIBILITY,
    *LIFECYCLE,
    *PLATFORM,
)


def lookup(behaviour_id: str) -> Behaviour:
    """Return the behaviour with this id.

    Raises:
        UnknownBehaviourError: the catalogue has no such id (exit code 64).
    """
    try:
        return CATALOGUE[behaviour_id]
    except KeyError:
        raise UnknownBehaviourError(behaviour_id, CATALOGUE) from None
