"""The last thing on the terminal: one line per behaviour."""

from collections.abc import Iterable

import pytest

from meshproof.behaviours import CATALOGUE
from meshproof.results import TestRecord, Verdict

_WORST_FIRST = (
    Verdict.ERROR,
    Verdict.FAILED,
    Verdict.VACUOUS,
    Verdict.NOT_OFFERED,
    Verdict.FAILED_AS_IT_MUST,
    Verdict.PASSED,
)
_COLOURS = {Verdict.PASSED: "green", Verdict.FAILED_AS_IT_MUST: "green", Verdict.NOT_OFFERED: "yellow"}


def summarise(terminal: pytest.TerminalReporter, records: Iterable[TestRecord]) -> None:
    """Print a section with each behaviour's verdict, time, sentence and, unless it passed, reason.

    A behaviour is as good as the worst of its tests.
    """
    by_id: dict[str, list[TestRecord]] = {}
    for record in records:
        by_id.setdefault(record.behaviour, []).append(record)
    if not by_id:
        return
    terminal.section("behaviours", sep="=")
    for behaviour_id in (known for known in CATALOGUE if known in by_id):
        tests = by_id[behaviour_id]
        worst = min(tests, key=lambda record: _WORST_FIRST.index(record.verdict))
        seconds = sum(record.seconds for record in tests)
        terminal.write(f"{behaviour_id}  ")
        terminal.write(f"{worst.verdict:<17}", **{_COLOURS.get(worst.verdict, "red"): True})
        terminal.line(f"{seconds:6.1f} s  {CATALOGUE[behaviour_id].sentence}")
        if worst.verdict not in {Verdict.PASSED, Verdict.FAILED_AS_IT_MUST}:
            terminal.line(f"       {worst.reason}")
