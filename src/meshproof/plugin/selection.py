"""Which of the collected tests run: those of the areas and levels that were asked for."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Self, TypeVar

import pytest

from meshproof.behaviours import Area, Behaviour, Level

LEVELS = frozenset({Level.CORE, Level.EXTENDED})
"""What runs unless levels are named: what changes the mesh for everybody must be asked for."""

Named = TypeVar("Named", bound=StrEnum)


@dataclass(frozen=True)
class Selection:
    """The areas and levels that a run is about."""

    areas: frozenset[Area]
    levels: frozenset[Level]

    @classmethod
    def of(cls, config: pytest.Config) -> Self:
        """Return what the options say.

        Raises:
            pytest.UsageError: one of them names an area or a level that there is not.
        """
        areas = _named(config, "--meshproof-areas", "area", Area)
        levels = _named(config, "--meshproof-levels", "level", Level)
        return cls(areas or frozenset(Area), levels or LEVELS)

    def wants(self, behaviour: Behaviour) -> bool:
        """Return whether the run is about a behaviour."""
        return behaviour.area in self.areas and behaviour.level in self.levels


def _named(config: pytest.Config, option: str, what: str, kind: type[Named]) -> frozenset[Named]:
    words = [word.strip() for word in (config.getoption(option) or "").split(",")]
    found = set()
    for word in filter(None, words):
        try:
            found.add(kind(word.lower()))
        except ValueError:
            raise pytest.UsageError(
                f"{option}: there is no {what} {word!r}; use some of: {', '.join(kind)}."
            ) from None
    return frozenset(found)
