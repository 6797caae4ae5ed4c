"""How a run ends: what was found in all, what stopped it, and the exit code that says so."""

from collections.abc import Mapping

import pytest
from xdist.dsession import Interrupted as WorkersInterrupted  # type: ignore[import-untyped]

from meshproof.errors import ExitCode
from meshproof.plugin.recorder import Recorder
from meshproof.plugin.terminal import summarise
from meshproof.plugin.watch import LOST
from meshproof.results import Verdict

VERDICT = "meshproof verdict"
"""Name under which a report's user properties carry the verdict."""

UNFINISHED = "the run ended before every test had its turn"
"""Why it was cut short when nobody said so: all workers died, or pytest was to stop at the first failure."""

_WORDS: Mapping[Verdict, tuple[str, str]] = {
    Verdict.PASSED: ("passed", "."),
    Verdict.FAILED: ("failed", "F"),
    Verdict.NOT_OFFERED: ("skipped", "n"),
    Verdict.ERROR: ("error", "E"),
    Verdict.FAILED_AS_IT_MUST: ("passed", "c"),
    Verdict.VACUOUS: ("failed", "V"),
}
"""What pytest counts a verdict as, and its letter in the line of dots."""


class Outcome:
    """Hooks of the one process that speaks for the run, whether it runs tests itself or has workers.

    Args:
        config: of the pytest run.
        recorder: what was found.
    """

    def __init__(self, config: pytest.Config, recorder: Recorder) -> None:
        self._config = config
        self._recorder = recorder
        self._require_all: bool = config.getoption("meshproof_require_all")
        self._dots = config.getoption("meshproof_progress") == "none"
        self._stopped_by: str | None = None
        self._stop: ExitCode | None = None
        self._not_collected: list[str] = []

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(
        self, report: pytest.CollectReport | pytest.TestReport
    ) -> tuple[str, str, str] | None:
        """Give each verdict its letter and word; neither when progress is shown otherwise."""
        if not isinstance(report, pytest.TestReport):
            return None
        said = dict(report.user_properties).get(VERDICT)
        if said is None or (report.when == "teardown" and report.passed):
            return None
        verdict = Verdict(str(said))
        category, letter = _WORDS[verdict]
        return (category, letter, verdict.upper()) if self._dots else (category, "", "")

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Remember a module that no worker could import: pytest itself stops only a run without them."""
        if report.failed:
            self._not_collected.append(report.nodeid or "the suites")

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Remember that modules could not be imported, in a run that is to go on all the same."""
        # Without workers this class comes too late for their reports; no test has run yet.
        if session.testsfailed:
            self._not_collected.append(f"{session.testsfailed} of the modules")

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Remember what stopped the run: pytest itself, a test that asked for it, or somebody."""
        # pytest's own, as after a module that cannot be imported, is a KeyboardInterrupt to Python.
        if (lost := self._config.stash.get(LOST, None)) is not None:
            self._stopped_by, self._stop = lost.what, ExitCode.ENVIRONMENT
        elif excinfo.errisinstance((pytest.Session.Interrupted, WorkersInterrupted)):
            self._stopped_by, self._stop = str(excinfo.value), ExitCode.ENVIRONMENT
        elif excinfo.errisinstance(KeyboardInterrupt):
            self._stopped_by, self._stop = str(excinfo.value) or "Ctrl-C", ExitCode.INTERRUPTED
        else:
            self._stopped_by = excinfo.exconly()

    def finish(self, session: pytest.Session) -> None:
        """End the record, and let the exit code say what the verdicts say."""
        if self._stopped_by is None and self._not_collected:
            self._stopped_by = f"{', '.join(sorted(self._not_collected))} could not be collected"
            self._stop = ExitCode.ENVIRONMENT
        if self._stopped_by is None and self._recorder.open_tests:
            self._stopped_by, self._stop = UNFINISHED, ExitCode.ENVIRONMENT
        session.exitstatus = self._exit_code(session.exitstatus)
        self._recorder.end(self._stopped_by)

    def _exit_code(self, of_pytest: int) -> int:
        """Return the code to end with: a failure outranks an error, and Ctrl-C both."""
        if self._stop is ExitCode.INTERRUPTED:
            return self._stop
        ended = of_pytest in {pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED}
        if of_pytest == pytest.ExitCode.NO_TESTS_COLLECTED and self._recorder.resumed is not None:
            ended, of_pytest = True, ExitCode.OK  # nothing was open any more
        if not ended and self._stop is None:
            return of_pytest
        found = {record.verdict for record in self._recorder.records.values()}
        failures = {Verdict.FAILED, Verdict.VACUOUS, *([Verdict.NOT_OFFERED] if self._require_all else [])}
        if found & failures:
            return ExitCode.FAILED
        return ExitCode.ENVIRONMENT if Verdict.ERROR in found or self._stop else of_pytest

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print one line per behaviour, unless each was printed as it ended."""
        records = self._recorder.records.values()
        summarise(terminalreporter, records, lines=self._dots, require_all=self._require_all)
