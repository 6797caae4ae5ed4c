"""The last thing on the terminal: one line per behaviour."""

from collections.abc import Iterable

import pytest

from meshproof.behaviours import CATALOGUE
from meshproof.results import TestRecord, Verdict, gravest

_COLOURS = {Verdict.PASSED: "green", Verdict.FAILED_AS_IT_MUST: "green", Verdict.NOT_OFFERED: "yellow"}


def summarise(terminal: pytest.TerminalReporter, records: Iterable[TestRecord], *, require_all: bool) -> None:
    """Print a section with each behaviour's verdict, time, sentence and, unless it passed, reason.

    A behaviour is as good as the worst of its tests.

    Args:
        terminal: where to print.
        records: what the tests found.
        require_all: whether behaviours that are not offered fail the run; a last line then names them.
    """
    by_id: dict[str, list[TestRecord]] = {}
    for record in records:
        by_id.setdefault(record.behaviour, []).append(record)
    if not by_id:
        return
    absent = []
    terminal.section("behaviours", sep="=")
    for behaviour_id in (known for known in CATALOGUE if known in by_id):
        tests = by_id[behaviour_id]
        verdict = gravest(record.verdict for record in tests)
        reason = next(record.reason for record in tests if record.verdict is verdict)
        seconds = sum(record.seconds for record in tests)
        terminal.write(f"{behaviour_id}  ")
        terminal.write(f"{verdict:<17}", **{_COLOURS.get(verdict, "red"): True})
        terminal.line(f"{seconds:6.1f} s  {CATALOGUE[behaviour_id].sentence}")
        if verdict not in {Verdict.PASSED, Verdict.FAILED_AS_IT_MUST}:
            terminal.line(f"       {reason}")
        if verdict is Verdict.NOT_OFFERED:
            absent.append(behaviour_id)
    if require_all and absent:
        terminal.line(f"--meshproof-require-all: the run fails, not offered: {', '.join(absent)}", red=True)
