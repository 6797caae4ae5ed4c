"""What a behaviour is: a promise of the mesh, by its id."""

from dataclasses import dataclass, field
from enum import StrEnum


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


@dataclass(frozen=True)
class Promises:
    """Writes the behaviours of one area, each under its level.

    Args:
        area: of all of them.
    """

    area: Area

    def core(self, behaviour_id: str, sentence: str, *features: str) -> Behaviour:
        """A promise of every Istio mesh."""
        return Behaviour(behaviour_id, sentence, self.area, Level.CORE, frozenset(features))

    def extended(self, behaviour_id: str, sentence: str, *features: str) -> Behaviour:
        """A promise of a mesh that has these features."""
        return Behaviour(behaviour_id, sentence, self.area, Level.EXTENDED, frozenset(features))

    def disruptive(self, behaviour_id: str, sentence: str, *features: str) -> Behaviour:
        """A promise that is tried by changing the mesh itself."""
        return Behaviour(behaviour_id, sentence, self.area, Level.DISRUPTIVE, frozenset(features))
