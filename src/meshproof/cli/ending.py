"""How a run ends: its exit code, and what programs are told of it."""

import signal
from collections import defaultdict
from pathlib import Path

import pytest

from meshproof.behaviours import Level
from meshproof.errors import ExitCode
from meshproof.report.model import Report
from meshproof.report.outcomes import TestOutcome
from meshproof.report.write import REPORT_FOLDER
from meshproof.results import Results, Tried, Verdict, verdict_of


def exit_code(of_pytest: int) -> ExitCode:
    """Ours for pytest's: the plugin ends a run with ours where it can, pytest itself has some of its own."""
    own = {
        int(pytest.ExitCode.INTERRUPTED): ExitCode.INTERRUPTED,
        int(pytest.ExitCode.USAGE_ERROR): ExitCode.USAGE,
        # A -k that selects nothing.
        int(pytest.ExitCode.NO_TESTS_COLLECTED): ExitCode.USAGE,
        # Ended by a signal, before it could say anything.
        -signal.SIGINT: ExitCode.INTERRUPTED,
        -signal.SIGTERM: ExitCode.INTERRUPTED,
    }
    if of_pytest in own:
        return own[of_pytest]
    return ExitCode(of_pytest) if of_pytest in set(ExitCode) else ExitCode.ENVIRONMENT


def concluded(code: ExitCode, report: Report) -> tuple[ExitCode, str]:
    """Return the code that the whole record earns, and why it is not that of the suites, or "".

    The suites end well when nothing failed; a run does so only when something was proven and no core
    behaviour is lacking, among those that were selected. What the control run says counts, and what was
    found before a run was resumed.

    Args:
        code: with which the suites ended.
        report: what is known now.
    """
    known = report.known_failures
    failed = [
        each.id
        for each in report.behaviours
        # That a behaviour is known to fail does not excuse a test that proves nothing.
        if each.verdict is Verdict.FAILED and (each.id not in known or each.control is Verdict.VACUOUS)
    ]
    if failed and code in {ExitCode.OK, ExitCode.ENVIRONMENT}:
        return ExitCode.FAILED, f"Failed, as the whole record has it: {', '.join(failed)}."
    if code is not ExitCode.OK:
        return code, ""
    if not report.counts.passed:
        return ExitCode.INTERRUPTED, "Nothing was proven: no behaviour that was selected passed."
    absent = [
        each.id
        for each in report.behaviours
        if each.level is Level.CORE and each.verdict is Verdict.NOT_OFFERED
    ]
    if absent:
        return ExitCode.INTERRUPTED, f"Partial: of the core, this mesh does not offer {', '.join(absent)}."
    return code, ""


def of_run(report: Report, output: Path) -> dict[str, object]:
    """What a program wants to know of a run."""
    return {
        "report": str(output / REPORT_FOLDER),
        "conclusion": str(report.conclusion),
        "headline": report.headline,
        "behaviours": {each.id: str(each.verdict) for each in report.behaviours},
    }


def of_control(results: Results) -> dict[str, object]:
    """What a program wants to know of a control run: what it says of each behaviour that it tried."""
    found: defaultdict[str, list[Tried]] = defaultdict(list)
    for test in results.tests:
        found[test.behaviour].append(test)
    ran = {test.test for test in results.tests}
    open_still = Verdict.NOT_RUN if results.interrupted is None else Verdict.INTERRUPTED
    for planned in results.plan.tests if results.plan else ():
        if planned.selected and planned.test not in ran:
            found[planned.behaviour].append(TestOutcome(test=planned.test, verdict=open_still))
    return {"behaviours": {each: str(verdict_of(tests)) for each, tests in found.items()}}
