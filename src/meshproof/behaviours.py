"""The catalogue: every promise of the mesh that meshproof knows how to prove.

An id never changes its meaning; a behaviour that is dropped is retired and its id is not given again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import StrEnum
from types import MappingProxyType

from meshproof.errors import ExitCode, MeshproofError


class Area(StrEnum):
    """What a behaviour is about, in the order in which reports list it."""

    BOOKINFO = "bookinfo"
    CONTROL_PLANE = "control-plane"
    INGRESS = "ingress"
    TRAFFIC = "traffic"
    RESILIENCE = "resilience"
    SECURITY = "security"
    OBSERVABILITY = "observability"
    EGRESS = "egress"
    EXTENSIBILITY = "extensibility"
    LIFECYCLE = "lifecycle"
    PLATFORM = "platform"

    @property
    def heading(self) -> str:
        """The heading under which people read it."""
        return _HEADINGS.get(self, self.value.capitalize())


_HEADINGS = {
    Area.CONTROL_PLANE: "Control plane",
    Area.TRAFFIC: "Traffic management",
    Area.LIFECYCLE: "Upgrades and lifecycle",
}


class Level(StrEnum):
    """How much one may ask of a mesh."""

    CORE = "core"  # every Istio mesh has it
    EXTENDED = "extended"  # needs a feature that a mesh may lack
    DISRUPTIVE = "disruptive"  # changes the mesh or its control plane


@dataclass(frozen=True)
class Behaviour:
    """One promise of the mesh.

    Args:
        id: stable id, such as "TM-02".
        sentence: the promise, as a sentence that a release manager understands.
        area: what it is about.
        level: how much one may ask of a mesh.
        features: what the mesh must offer for the behaviour to be tried; one missing makes it not offered.
    """

    id: str
    sentence: str
    area: Area
    level: Level
    features: frozenset[str] = field(default_factory=frozenset)


class UnknownBehaviourError(MeshproofError):
    """An id that the catalogue does not hold."""

    def __init__(self, behaviour_id: str, known: Mapping[str, Behaviour]) -> None:
        close = get_close_matches(behaviour_id.upper(), known, n=1)
        super().__init__(
            what=f"no behaviour has the id {behaviour_id!r}",
            next_step=f"use {close[0]} if that is meant"
            if close
            else "use an id of the catalogue, such as TM-02",
            exit_code=ExitCode.USAGE,
        )


def _catalogue(*behaviours: Behaviour) -> Mapping[str, Behaviour]:
    by_id = {behaviour.id: behaviour for behaviour in behaviours}
    if len(by_id) != len(behaviours):
        raise ValueError("two behaviours of the catalogue share an id")
    return MappingProxyType(by_id)


CATALOGUE: Mapping[str, Behaviour] = _catalogue(
    # Core although it needs a way in: a mesh whose shop cannot be reached has shown nothing yet.
    Behaviour(
        "BI-01",
        "The shop's page is served from inside the mesh and through the gateway.",
        Area.BOOKINFO,
        Level.CORE,
        frozenset({"ingress"}),
    ),
    Behaviour(
        "CP-01",
        "A pod in a labelled namespace gets a sidecar, and one that opts out does not.",
        Area.CONTROL_PLANE,
        Level.CORE,
    ),
    Behaviour(
        "IN-01",
        "The gateway routes the host that it was told to, and answers 404 for any other.",
        Area.INGRESS,
        Level.EXTENDED,
        frozenset({"ingress"}),
    ),
    Behaviour(
        "TM-01",
        "A route to a subset sends every call to that version of reviews.",
        Area.TRAFFIC,
        Level.CORE,
    ),
    Behaviour(
        "TM-02",
        "The end-user header decides which version of reviews a reader sees.",
        Area.TRAFFIC,
        Level.CORE,
    ),
    Behaviour(
        "TM-06",
        "Weights decide what share of the calls each version of reviews gets.",
        Area.TRAFFIC,
        Level.CORE,
    ),
    Behaviour(
        "RS-01",
        "An injected delay slows the calls of the matched user, and nobody else's.",
        Area.RESILIENCE,
        Level.CORE,
    ),
    Behaviour(
        "SE-01",
        "Under strict mutual TLS a plaintext client is refused and a mesh client is served.",
        Area.SECURITY,
        Level.CORE,
    ),
    Behaviour(
        "SE-04",
        "A workload's certificate names its own service account.",
        Area.SECURITY,
        Level.CORE,
    ),
    Behaviour(
        "OB-01",
        "Both ends of a call count it, with labels that say who called whom.",
        Area.OBSERVABILITY,
        Level.EXTENDED,
        frozenset({"prometheus"}),
    ),
    Behaviour(
        "OB-11",
        "One page view becomes one trace, whose spans follow the calls between the services.",
        Area.OBSERVABILITY,
        Level.EXTENDED,
        frozenset({"ingress", "tracing"}),
    ),
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
