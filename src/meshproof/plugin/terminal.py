"""The last thing on the terminal: one line per behaviour."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Self

import pytest

from meshproof.behaviours import CATALOGUE
from meshproof.results import KNOWN_FAILURE, TestRecord, Verdict, WaitingFound, by_api, verdict_of


@dataclass(frozen=True)
class Line:
    """What is said of one behaviour, which is as good as the worst of its tests.

    Args:
        id: its id.
        verdict: the gravest of its tests.
        seconds: that its tests took.
        reason: why it is not passed, or not through every API; empty when it is.
    """

    id: str
    verdict: Verdict
    seconds: float
    reason: str

    @classmethod
    def of(cls, tests: Sequence[TestRecord]) -> Self:
        """Return the line of a behaviour with these tests, one at least."""
        verdict = verdict_of(tests)
        good = verdict in {Verdict.PASSED, Verdict.FAILED_AS_IT_MUST}
        reason = "" if good else next(record.reason for record in tests if record.verdict is verdict)
        absent = [api for api, found in by_api(tests).items() if found is Verdict.NOT_OFFERED]
        if good and absent:
            reason = f"not offered through {', '.join(absent)}"
        return cls(tests[0].behaviour, verdict, sum(record.seconds for record in tests), reason)

    @property
    def sentence(self) -> str:
        """The promise."""
        return CATALOGUE[self.id].sentence

    @property
    def colour(self) -> str:
        """Of the verdict, on a terminal."""
        return _COLOURS.get(self.verdict, "red")


_COLOURS = {Verdict.PASSED: "green", Verdict.FAILED_AS_IT_MUST: "green", Verdict.NOT_OFFERED: "yellow"}


def summarise(
    terminal: pytest.TerminalReporter,
    records: Iterable[TestRecord],
    *,
    lines: bool,
    require_all: bool,
    known: Collection[str] = (),
) -> None:
    """Print a section with each behaviour's verdict, time, sentence and, unless it passed, reason.

    Args:
        terminal: where to print.
        records: what the tests found; what they waited is said whatever else is.
        lines: whether there is still a line to be printed for each behaviour.
        require_all: whether behaviours that are not offered fail the run; a last line then names them.
        known: behaviours whose failure does not fail the run; a line says what became of each.
    """
    by_id: dict[str, list[TestRecord]] = {}
    records = tuple(records)
    for record in records:
        by_id.setdefault(record.behaviour, []).append(record)
    if lines and by_id:
        terminal.section("behaviours", sep="=")
    absent, become = [], []
    for behaviour_id in (known for known in CATALOGUE if known in by_id):
        line = Line.of(by_id[behaviour_id])
        if lines:
            _print(terminal, line)
        if line.verdict is Verdict.NOT_OFFERED:
            absent.append(behaviour_id)
        if behaviour_id in known:
            become.append(f"{behaviour_id} {line.verdict}")
    waited = WaitingFound.together(record.waited for record in records)
    if waited is not None and waited.seconds:
        terminal.line(f"The tests {waited}.")
    if become:
        terminal.line(f"{KNOWN_FAILURE}: a failure does not fail the run: {', '.join(become)}")
    if require_all and absent:
        terminal.line(f"--meshproof-require-all: the run fails, not offered: {', '.join(absent)}", red=True)


def _print(terminal: pytest.TerminalReporter, line: Line) -> None:
    terminal.write(f"{line.id}  ")
    terminal.write(f"{line.verdict:<17}", **{line.colour: True})
    terminal.line(f"{line.seconds:6.1f} s  {line.sentence}")
    if line.reason:
        terminal.line(f"       {line.reason}")
