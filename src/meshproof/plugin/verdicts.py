"""From what pytest says of a test to what it says of the mesh."""

from collections.abc import Generator, Mapping
from datetime import UTC, datetime

import pytest

from meshproof.errors import ExitCode, MeshproofError
from meshproof.plugin.conclusion import Conclusion, Stopwatch, conclude
from meshproof.plugin.marks import Wanted
from meshproof.plugin.recorder import Recorder
from meshproof.plugin.terminal import summarise
from meshproof.results import TestRecord, Verdict
from meshproof.traffic import Evidence, Missed

VERDICT = "meshproof verdict"
"""Name under which a report's user properties carry the verdict."""

EVIDENCE = pytest.StashKey[list[Evidence]]()
"""Where a test keeps what its expectations found."""

RECORDER = pytest.StashKey[Recorder]()
"""Where the run keeps what writes its results."""

_WORDS: Mapping[Verdict, tuple[str, str]] = {
    Verdict.PASSED: ("passed", "."),
    Verdict.FAILED: ("failed", "F"),
    Verdict.NOT_OFFERED: ("skipped", "n"),
    Verdict.ERROR: ("error", "E"),
    Verdict.FAILED_AS_IT_MUST: ("passed", "c"),
    Verdict.VACUOUS: ("failed", "V"),
}
"""What pytest counts a verdict as, and its letter in the line of dots."""


class Verdicts:
    """Hooks that turn pytest's reports of behaviours into verdicts, record them, and end the run with them.

    Args:
        config: of the pytest run.
        wanted: the marker of every collected test that proves a behaviour.
    """

    def __init__(self, config: pytest.Config, wanted: Mapping[pytest.Item, Wanted]) -> None:
        self._control: bool = config.getoption("meshproof_control")
        self._wanted = wanted
        self._open: dict[pytest.Item, Conclusion] = {}
        self._closed: list[TestRecord] = []
        self._require_all: bool = config.getoption("meshproof_require_all")
        self._stopped_by: str | None = None
        self._stop: ExitCode | None = None
        self._shared = Stopwatch()
        self._recorder = config.stash[RECORDER] = Recorder(config, tuple(wanted.items()))

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[object]) -> Generator[None, object, object]:
        """Time what is set up once for the whole run, because no single test shall answer for it."""
        if fixturedef.scope != "session":
            return (yield)
        with self._shared:
            return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Conclude from each phase; record the verdict after the last one."""
        report = yield
        if item not in self._wanted:
            return report
        before = self._open.pop(item, None)
        conclusion = conclude(before, call, shared=self._shared.taken(), control=self._control)
        _show(item, report, call, conclusion)
        if report.when == "teardown":
            self._close(item, conclusion)
        else:
            self._open[item] = conclusion
        return report

    def _close(self, item: pytest.Item, conclusion: Conclusion) -> None:
        found = [line for evidence in item.stash.get(EVIDENCE, ()) for line in evidence.lines()]
        record = TestRecord(
            behaviour=self._wanted[item].id,
            test=item.nodeid,
            verdict=conclusion.verdict,
            seconds=conclusion.seconds,
            reason=conclusion.reason,
            evidence="\n".join(found) or conclusion.evidence,
            started=datetime.fromtimestamp(conclusion.started, UTC),
        )
        self._closed.append(record)
        self._recorder.write(record)

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(
        self, report: pytest.CollectReport | pytest.TestReport
    ) -> tuple[str, str, str] | None:
        """Give each verdict its letter and word."""
        if not isinstance(report, pytest.TestReport):
            return None
        said = dict(report.user_properties).get(VERDICT)
        if said is None or (report.when == "teardown" and report.passed):
            return None
        verdict = Verdict(str(said))
        category, letter = _WORDS[verdict]
        return category, letter, verdict.upper()

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Remember what stopped the run: pytest itself, a test that asked for it, or somebody."""
        # pytest's own, as after a module that cannot be imported, is a KeyboardInterrupt to Python.
        if excinfo.errisinstance(pytest.Session.Interrupted):
            self._stopped_by, self._stop = str(excinfo.value), ExitCode.ENVIRONMENT
        elif excinfo.errisinstance(KeyboardInterrupt):
            self._stopped_by, self._stop = "Ctrl-C", ExitCode.INTERRUPTED
        else:
            self._stopped_by = excinfo.exconly()

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """End the record, and let the exit code say what the verdicts say.

        A run that was stopped while it tidied up keeps the verdict that its last test had reached.
        """
        for item, conclusion in self._open.items():
            if conclusion.ran:
                self._close(item, conclusion)
        session.exitstatus = self._exit_code(session.exitstatus)
        self._recorder.end(self._stopped_by)

    def _exit_code(self, of_pytest: int) -> int:
        """Return the code to end with: a failure outranks an error, and Ctrl-C both."""
        if self._stop is ExitCode.INTERRUPTED:
            return self._stop
        ended = of_pytest in {pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED}
        if not ended and self._stop is None:
            return of_pytest
        found = {record.verdict for record in self._closed}
        failures = {Verdict.FAILED, Verdict.VACUOUS, *([Verdict.NOT_OFFERED] if self._require_all else [])}
        if found & failures:
            return ExitCode.FAILED
        return ExitCode.ENVIRONMENT if Verdict.ERROR in found or self._stop else of_pytest

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print one line per behaviour."""
        summarise(terminalreporter, self._closed, require_all=self._require_all)


def _show(
    item: pytest.Item, report: pytest.TestReport, call: pytest.CallInfo[None], conclusion: Conclusion
) -> None:
    """Make pytest's own report say the same as the verdict, briefly."""
    if call.excinfo is not None and isinstance(call.excinfo.value, MeshproofError):
        report.longrepr = str(call.excinfo.value)
    elif call.excinfo is not None and isinstance(call.excinfo.value, Missed):
        call.excinfo.traceback = call.excinfo.traceback.cut(path=item.path)
        report.longrepr = call.excinfo.getrepr(style="short")
    if report.when == "call":
        if conclusion.verdict is Verdict.FAILED_AS_IT_MUST:
            report.outcome, report.longrepr = "passed", None
        elif conclusion.verdict is Verdict.VACUOUS:
            report.outcome, report.longrepr = "failed", f"{item.nodeid} {conclusion.reason}."
    if report.when == "call" or report.outcome != "passed":
        report.user_properties.append((VERDICT, str(conclusion.verdict)))
