"""The catalogue as people and programs read it: text by area, JSON, and the page docs/behaviours.md."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from meshproof.behaviours.catalogue import CATALOGUE
from meshproof.behaviours.model import Area, Behaviour, Level
from meshproof.behaviours.needs import FEATURES
from meshproof.behaviours.tested import State


@dataclass(frozen=True)
class Entry:
    """A behaviour, and whether it can be tried yet."""

    behaviour: Behaviour
    state: State


@dataclass(frozen=True)
class Wanted:
    """Which entries to list: those that have one of the values in each of these; an empty one leaves it open.

    Args:
        areas: what the behaviour is about.
        levels: how much it asks of a mesh.
        features: what it needs.
        states: whether it can be tried yet.
    """

    areas: Sequence[Area] = ()
    levels: Sequence[Level] = ()
    features: Sequence[str] = ()
    states: Sequence[State] = ()

    def __call__(self, entry: Entry) -> bool:
        """Return whether an entry is among them."""
        behaviour = entry.behaviour
        return (
            (not self.areas or behaviour.area in self.areas)
            and (not self.levels or behaviour.level in self.levels)
            and (not self.features or not behaviour.features.isdisjoint(self.features))
            and (not self.states or entry.state in self.states)
        )


def entries(tested: frozenset[str]) -> tuple[Entry, ...]:
    """Return every behaviour of the catalogue, in its order.

    Args:
        tested: the ids that have a test.
    """
    return tuple(
        Entry(behaviour, State.TESTED if behaviour.id in tested else State.PLANNED)
        for behaviour in CATALOGUE.values()
    )


def as_text(listed: Sequence[Entry]) -> str:
    """One line per behaviour under its area's heading, and a last line that counts them."""
    lines = []
    for area, found in groupby(listed, key=lambda entry: entry.behaviour.area):
        lines += [area.heading, *(f"  {_line(entry)}" for entry in found), ""]
    return "\n".join([*lines, _count(listed)])


def _line(entry: Entry) -> str:
    behaviour = entry.behaviour
    needs = f"  (needs {', '.join(sorted(behaviour.features))})" if behaviour.features else ""
    return f"{behaviour.id}  {behaviour.level:<10}  {entry.state:<7}  {behaviour.sentence}{needs}"


def _count(listed: Sequence[Entry]) -> str:
    tested = sum(entry.state is State.TESTED for entry in listed)
    what = "1 behaviour" if len(listed) == 1 else f"{len(listed)} behaviours"
    return f"{what}: {tested} tested, {len(listed) - tested} planned"


def as_json(listed: Iterable[Entry]) -> str:
    """A list of objects with id, sentence, area, level, features (sorted) and state."""
    rows = [
        {
            "id": entry.behaviour.id,
            "sentence": entry.behaviour.sentence,
            "area": entry.behaviour.area,
            "level": entry.behaviour.level,
            "features": sorted(entry.behaviour.features),
            "state": entry.state,
        }
        for entry in listed
    ]
    return json.dumps(rows, indent=2)


PREFACE = """\
# Behaviours

<!-- Written by `meshproof behaviours --format markdown > docs/behaviours.md`; do not edit it here. -->

Each behaviour is one promise of the mesh, under an id that never changes its meaning. What **core** names
holds in every Istio mesh; **extended** needs a feature that a mesh may lack, and is *not offered* without it;
**disruptive** is tried by changing the mesh or its control plane, and only when asked for. A **tested** one
has a module in `suites/`; a **planned** one has none yet.
"""


def as_markdown(listed: Sequence[Entry]) -> str:
    """The page docs/behaviours.md: a table per area, and one of the features."""
    parts = [PREFACE, f"{_count(listed)}.\n"]
    for area, found in groupby(listed, key=lambda entry: entry.behaviour.area):
        rows = [_row(entry) for entry in found]
        parts.append(
            "\n".join([f"## {area.heading}\n", *_head("id", "promise", "level", "needs", "state"), *rows, ""])
        )
    parts.append(
        "\n".join(
            [
                "## Features\n",
                FEATURES_PREFACE,
                *_head("feature", "on a mesh that has it", "needed by"),
                *_features(listed),
            ]
        )
    )
    return "\n".join(parts)


FEATURES_PREFACE = """\
A run looks for every one of these, and its report says how each was found. `--assume` and `--exempt` overrule
what was found.
"""


def _head(*titles: str) -> tuple[str, str]:
    return f"| {' | '.join(titles)} |", f"|{' --- |' * len(titles)}"


def _row(entry: Entry) -> str:
    behaviour = entry.behaviour
    needs = ", ".join(f"`{name}`" for name in sorted(behaviour.features))
    return f"| {behaviour.id} | {behaviour.sentence} | {behaviour.level} | {needs} | {entry.state} |"


def _features(listed: Iterable[Entry]) -> Iterator[str]:
    needed: dict[str, list[str]] = {name: [] for name in FEATURES}
    for entry in listed:
        for name in entry.behaviour.features:
            needed[name].append(entry.behaviour.id)
    for name, sentence in FEATURES.items():
        yield f"| `{name}` | {sentence} | {', '.join(needed[name]) or '-'} |"
