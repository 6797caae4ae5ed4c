"""From what pytest says of a test to what it says of the mesh."""

from collections.abc import Generator, Mapping
from dataclasses import replace

import pytest

from meshproof.errors import MeshproofError
from meshproof.plugin.conclusion import Conclusion, Stopwatch, conclude
from meshproof.plugin.diagnostics import diagnose, with_hint
from meshproof.plugin.marks import Wanted
from meshproof.plugin.outcome import VERDICT, Outcome
from meshproof.plugin.record import evidence_of, record
from meshproof.plugin.recorder import Records
from meshproof.plugin.watch import LOST
from meshproof.results import Verdict
from meshproof.traffic import Missed

WORKER = pytest.StashKey[int]()
"""The number of this process among those that run tests, from 0."""

RECORDER = pytest.StashKey[Records]()
"""Where what is found goes."""

RUN_ID = pytest.StashKey[str]()
"""The id under which this process makes its namespace."""


class Verdicts:
    """Hooks that turn pytest's reports of behaviours into verdicts, in the process that runs the tests.

    Args:
        config: of the pytest run.
        wanted: the marker of every collected test that proves a behaviour.
        records: where verdicts go.
        outcome: what ends the run with them; None in a worker, whose run ends elsewhere.
    """

    def __init__(
        self,
        config: pytest.Config,
        wanted: Mapping[pytest.Item, Wanted],
        records: Records,
        outcome: Outcome | None,
    ) -> None:
        self._control: bool = config.getoption("meshproof_control")
        self._wanted = wanted
        self._open: dict[pytest.Item, Conclusion] = {}
        self._shared = Stopwatch()
        self._records = records
        self._outcome = outcome

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
        if call.excinfo is not None and report.when != "teardown" and LOST not in item.config.stash:
            # Now, while what it ran against is still there; where that is lost, there is nobody to ask.
            found = diagnose(item, conclusion, evidence_of(item))
            conclusion = replace(conclusion, hint=found.hint, diagnostics=found.folder)
        _show(item, report, call, conclusion)
        if report.when == "teardown":
            self._close(item, conclusion)
        else:
            self._open[item] = conclusion
        return report

    def _close(self, item: pytest.Item, conclusion: Conclusion) -> None:
        self._records.take(record(item, self._wanted[item], conclusion))

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Keep the verdict that the last test of a run had reached that was stopped while it tidied up."""
        for item, conclusion in self._open.items():
            if conclusion.ran:
                self._close(item, conclusion)
        if self._outcome is not None:
            self._outcome.finish(session)


def _show(
    item: pytest.Item, report: pytest.TestReport, call: pytest.CallInfo[None], conclusion: Conclusion
) -> None:
    """Make pytest's own report say the same as the verdict, briefly."""
    if call.excinfo is not None and isinstance(call.excinfo.value, MeshproofError):
        hint = f"\n  {'hint':<10}{conclusion.hint}" if conclusion.hint else ""
        report.longrepr = f"{call.excinfo.value}{hint}"
    elif call.excinfo is not None and isinstance(call.excinfo.value, Missed):
        with_hint(call.excinfo.value, conclusion.hint)
        call.excinfo.traceback = call.excinfo.traceback.cut(path=item.path)
        report.longrepr = call.excinfo.getrepr(style="short")
    if report.when == "call":
        if conclusion.verdict is Verdict.FAILED_AS_IT_MUST:
            report.outcome, report.longrepr = "passed", None
        elif conclusion.verdict is Verdict.VACUOUS:
            report.outcome, report.longrepr = "failed", f"{item.nodeid} {conclusion.reason}."
    if report.when == "call" or report.outcome != "passed":
        report.user_properties.append((VERDICT, str(conclusion.verdict)))
