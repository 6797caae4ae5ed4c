"""How a run ends: what was found in all, what stopped it, and the exit code that says so."""

from collections.abc import Mapping

import pytest
from xdist.dsession import Interrupted as WorkersInterrupted  # type: ignore[import-untyped]

from meshproof.behaviours import CATALOGUE
from meshproof.errors import ExitCode
from meshproof.plugin.recorder import Recorder
from meshproof.plugin.terminal import summarise
from meshproof.plugin.watch import LOST
from meshproof.results import KNOWN_FAILURE, TestRecord, Verdict

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

    Raises:
        pytest.UsageError: a failure is said to be known of what is no behaviour.
    """

    def __init__(self, config: pytest.Config, recorder: Recorder) -> None:
        self._config = config
        self._recorder = recorder
        self._require_all: bool = config.getoption("meshproof_require_all")
        self._known = _known_failures(config)
        self._known_failed = 0
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

    @pytest.hookimpl(trylast=True)  # the record comes with the report
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count what failed as it was known to, so that pytest's own count can be told from it."""
        record = self._recorder.records.get(report.nodeid)
        self._known_failed += report.failed and record is not None and self._is_known(record)

    def _is_known(self, record: TestRecord) -> bool:
        return record.verdict is Verdict.FAILED and record.behaviour in self._known

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
        alone = session.testsfailed == self._known_failed > 0
        session.exitstatus = self._exit_code(pytest.ExitCode.OK if alone else session.exitstatus)
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
        found = {record.verdict for record in self._recorder.records.values() if not self._is_known(record)}
        failures = {Verdict.FAILED, Verdict.VACUOUS, *([Verdict.NOT_OFFERED] if self._require_all else [])}
        if found & failures:
            return ExitCode.FAILED
        return ExitCode.ENVIRONMENT if Verdict.ERROR in found or self._stop else of_pytest

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print one line per behaviour, unless each was printed as it ended."""
        records = self._recorder.records.values()
        summarise(
            terminalreporter, records, lines=self._dots, require_all=self._require_all, known=self._known
        )


def _known_failures(config: pytest.Config) -> frozenset[str]:
    """Return the behaviours whose failure does not fail the run.

    Raises:
        pytest.UsageError: there is no such behaviour.
    """
    given = frozenset(config.getoption(KNOWN_FAILURE))
    if unknown := sorted(given - CATALOGUE.keys()):
        raise pytest.UsageError(
            f"{KNOWN_FAILURE} {unknown[0]}: there is no such behaviour; `meshproof behaviours` lists them"
        )
    return given
