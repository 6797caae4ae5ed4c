"""The one table of budgets of expectations: suites hold no seconds and no counts."""

import math
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from difflib import get_close_matches
from typing import Any, Self

from meshproof.errors import ExitCode, MeshproofError

SCALE = "MESHPROOF_TIME_SCALE"
"""Environment variable: every deadline is multiplied by it, for a cluster that is slower than most."""

_DEADLINES = (
    *("call_timeout", "accept", "remove", "acknowledge"),
    *("converge", "hold", "sample", "observe", "steady", "control", "control_hold", "late"),
)
_FRACTIONS = ("points", "connection_points", "alpha", "beta")
_FASTEST = 0.05
TIMES_SETTLED = 5
"""So many times as long as a change took to settle one looks for it in a control run, at least."""


@dataclass(frozen=True, slots=True)
class Budgets:
    """How long, how often and how exactly. Each can be overridden by its name: see `with_overrides`."""

    # Seconds. The scale factor applies to these.
    call_timeout: float = 5.0
    """One call without an answer of its own timeout."""
    accept: float = 120.0
    """Until the cluster has accepted an object, and until a workload is rolled out."""
    remove: float = 180.0
    """Until a namespace is gone with everything in it."""
    acknowledge: float = 10.0
    """From a change of configuration until the proxies have acknowledged it; then answers alone judge."""
    converge: float = 30.0
    """From the first call until the answers are right in a row: config arrives in about 0.1 s when idle."""
    steady: float = 2.0
    """At most, for the calls that show that answers are steady once they are right in a row."""
    hold: float = 5.0
    """For so long what must always or never happen is watched: fifty times as long as config takes."""
    sample: float = 120.0
    """One sample of a share, both parts of it: the largest has 5,400 calls, 45 a second."""
    observe: float = 60.0
    """Until what the mesh says of its traffic is there: four scrapes at 15 s."""
    control: float = 0.5
    """In a control run: so long one looks at least, and then a miss ends it. See `patience`."""
    control_hold: float = 1.0
    """For so long a control run watches what must hold for a stated time, at most."""
    late: float = 1.0
    """So much later than it should a reply may come: a timer is exact, two busy cores stall up to 0.7 s."""

    # Seconds, not scaled.
    early: float = 0.02
    """So much earlier: the floor of a path is known to some milliseconds, and a timer is never early."""
    first_pause: float = 0.05
    """Between the starts of two questions. Never less: at most 20 requests a second to the API server."""
    longest_pause: float = 0.5
    """The pause grows up to this, so that a promise that is not kept costs little."""
    pause_growth: float = 1.5
    """From one pause to the next."""

    # Counts.
    in_a_row: int = 20
    """Right answers in a row: with three versions, 3 in a row come by luck, 20 do not."""
    concurrency: int = 4
    """Calls at the same time while converging, and in a sample whose attempts are counted."""
    sample_concurrency: int = 16
    """Calls at the same time in a sample of shares, and while answers that are right are to be steady."""
    timed_concurrency: int = 45
    """Slowed calls at the same time, while their durations are judged or they are to be steady: they wait
    more than they work."""
    load: int = 60
    """Calls in a second, while something is done to the mesh: so many that a gap of 50 ms hits some."""
    group: int = 120
    """Calls that are judged together: one backend of three is passed by in none of 10^20 groups."""
    crowd: int = 16
    """Calls at the same time where only some of them are let in: four times as many as suites let in."""
    beyond: int = 10
    """Calls beyond an allowance: all of them must be refused."""
    keyed: int = 30
    """Calls whose attempts are counted, each of them; all of them are one request to the API server."""

    # Exactness, as fractions.
    points: float = 0.05
    """The deviation that a sample must be able to show."""
    connection_points: float = 0.1
    """The same of a sample of connections: each costs the mesh handshakes of its own, a call none."""
    alpha: float = 1e-4
    """Rate at which a share that is right is called wrong."""
    beta: float = 1e-3
    """Rate at which what is off by `points` is called right."""

    def of_control(self) -> Self:
        """Return the table of a control run.

        What must hold for a stated time is watched for `control_hold`: in a state that has settled, it is
        kept or broken from the first call on. Watched too briefly, a test would seem to prove nothing, which
        is said aloud; never the other way round.

        Telemetry is waited for over two scrapes: the one that comes next may be under way already, the second
        has all that there was. It cannot be told earlier, because no look between two scrapes tells anything.
        """
        return replace(self, hold=min(self.hold, self.control_hold), observe=self.observe / 2)

    def patience(self, settled: float | None, ago: float = 0.0) -> float:
        """Return the seconds from which on a miss ends an expectation in a control run.

        Without its cause an expectation is missed, so most of a control run is waiting in vain. But a change
        that settled before the test began is everywhere, and what the next seconds bring, these have brought:
        since it settled they are several times as many as the change took, and never fewer than `control` of
        the test's own. Where nobody could see it settle, they are a quarter of `converge`, many times what a
        change takes.

        Args:
            settled: how long the change took that the test begins with, 0 where nothing was changed; None
                when that was not seen.
            ago: seconds that have passed since it settled.
        """
        patience = self.converge / 4 if settled is None else max(self.control, TIMES_SETTLED * settled - ago)
        return min(patience, self.converge)

    def scaled(self, factor: float) -> Self:
        """Return the same budgets with every deadline multiplied."""
        deadlines: dict[str, Any] = {name: factor * getattr(self, name) for name in _DEADLINES}
        return replace(self, **deadlines)

    def with_overrides(self, overrides: Iterable[str]) -> Self:
        """Return the table with single budgets replaced; what is given is not scaled again.

        Args:
            overrides: such as "converge=60" or "in-a-row=40".

        Raises:
            MeshproofError: there is no budget of that name, or none can have that value.
        """
        values: dict[str, Any] = dict(_override(text) for text in overrides)
        return replace(self, **values)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """Return the table, scaled as MESHPROOF_TIME_SCALE says.

        Raises:
            MeshproofError: the scale is not a number from 0.1 to 100.
        """
        text = environment.get(SCALE, "1")
        try:
            factor = float(text)
        except ValueError:
            factor = math.nan
        if not 0.1 <= factor <= 100:  # noqa: PLR2004 - beyond these it is a slip of the pen
            raise MeshproofError(
                f"{SCALE} is {text!r}, which is no number from 0.1 to 100",
                "set it to a factor such as 2, or unset it",
                ExitCode.USAGE,
            )
        return cls().scaled(factor)


_NAMES: Mapping[str, type[int] | type[float]] = {
    field.name: int if field.type in {int, "int"} else float for field in fields(Budgets)
}


def _override(text: str) -> tuple[str, float]:
    """Return name and value of an override."""
    typed, separator, number = text.partition("=")
    name = typed.strip().replace("-", "_")
    if not separator or name not in _NAMES:
        close = get_close_matches(name, _NAMES, n=3, cutoff=0.5) or sorted(_NAMES)
        raise MeshproofError(
            f"there is no budget {typed.strip()!r}"
            if separator
            else f"the budget {text!r} is not NAME=VALUE",
            f"give {_listed(f'{known}=…' for known in close)}",
            ExitCode.USAGE,
        )
    try:
        value = _NAMES[name](number)
    except ValueError:
        value = math.nan
    least, most = _range(name)
    if not least <= value <= most:
        kind = "a whole number" if _NAMES[name] is int else "a number"
        raise MeshproofError(
            f"the budget {typed.strip()} is {number.strip()!r}, not {kind} from {least:g} to {most:g}",
            f"give it one, such as {typed.strip()}={getattr(Budgets(), name):g}",
            ExitCode.USAGE,
        )
    return name, value


def _range(name: str) -> tuple[float, float]:
    """Return the least and the largest value that makes sense: beyond them it is a slip of the pen."""
    if name in _FRACTIONS:
        return 1e-9, 0.5
    if name in {"first_pause", "longest_pause"}:
        return _FASTEST, 3600
    if name == "pause_growth":
        return 1, 100
    if name in {"early", "late", "steady"}:
        return 0, 3600
    return (1, 10_000) if _NAMES[name] is int else (0.1, 86_400)


def _listed(words: Iterable[str]) -> str:
    return " or ".join(words)
