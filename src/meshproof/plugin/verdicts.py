"""From what pytest says of a test to what it says of the mesh."""

import time
from collections.abc import Generator, Mapping
from dataclasses import replace

import pytest
from kubernetes.client import ApiException
from urllib3.exceptions import HTTPError

from meshproof.errors import MeshproofError
from meshproof.plugin.conclusion import Conclusion, Stopwatch, conclude
from meshproof.plugin.diagnostics import diagnose, known_by, with_hint
from meshproof.plugin.marks import Wanted
from meshproof.plugin.modules import unsettle
from meshproof.plugin.outcome import VERDICT, Outcome
from meshproof.plugin.record import evidence_of, record
from meshproof.plugin.recorder import Records
from meshproof.plugin.waits import waits_of
from meshproof.plugin.watch import LOST, Loss
from meshproof.redact import redact
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
        self._config = config
        self._control: bool = config.getoption("meshproof_control")
        self._wanted = wanted
        self._open: dict[pytest.Item, Conclusion] = {}
        self._written: dict[pytest.Item, Conclusion] = {}
        self._untidy: Exception | None = None
        self._shared = Stopwatch()
        self._waits = waits_of(config)
        self._torn_down = 0.0
        self._records = records
        self._outcome = outcome

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[object]) -> Generator[None, object, object]:
        """Time what is set up once for the whole run, because no single test shall answer for it."""
        if fixturedef.scope != "session":
            return (yield)
        with self._shared:
            made = yield
        # What was known to have settled says nothing of what has been made since, such as the shop.
        unsettle(self._config)
        return made

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Conclude from each phase; record the verdict once it is reached, and again if it changes."""
        report = yield
        if item not in self._wanted:
            return report
        before = self._open.get(item)
        conclusion = conclude(before, call, shared=self._shared.taken(), control=self._control)
        waited = self._waits.taken()
        if waited.seconds:
            took = self._torn_down if report.when == "teardown" else 0.0
            conclusion = replace(conclusion, waited=conclusion.waited + waited, torn_down=took)
        self._open[item] = conclusion  # before anything that takes time, in which the run may be stopped
        if call.excinfo is not None and report.when != "teardown" and LOST not in item.config.stash:
            # Now, while what it ran against is still there; where that is lost, there is nobody to ask.
            found = diagnose(item, conclusion, evidence_of(item))
            conclusion = replace(conclusion, hint=found.hint, diagnostics=found.folder)
            self._open[item] = conclusion
        _show(item, report, call, conclusion)
        if report.when != "setup" or call.excinfo is not None:
            self._write(item)
        if report.when == "teardown":
            del self._open[item]
            self._written.pop(item, None)
        return report

    def _write(self, item: pytest.Item) -> None:
        """Record a verdict, unless it is written already."""
        conclusion = self._open[item]
        if self._written.get(item) != conclusion:
            self._records.take(record(item, self._wanted[item], conclusion))
            self._written[item] = conclusion

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_teardown(
        self, item: pytest.Item, nextitem: pytest.Item | None
    ) -> Generator[None, object, object]:
        """Let the last test answer for itself and its module, and not for what all tests share."""
        began = time.perf_counter()
        if nextitem is not None or item not in self._wanted:
            try:
                return (yield)
            finally:
                self._torn_down = time.perf_counter() - began
        # pytest takes everything down at once then; this is its own way to stop before what all share.
        state = item.session._setupstate  # noqa: SLF001 - it has no other
        try:
            state.teardown_exact(item.session)  # type: ignore[arg-type] # any node will do
        finally:
            self._torn_down = time.perf_counter() - began
        try:
            return (yield)
        except pytest.exit.Exception:
            raise
        except Exception as error:  # noqa: BLE001 - raised when the run ends
            self._untidy = error
            return None

    @pytest.hookimpl(wrapper=True, tryfirst=True)  # before Interruptions may break off what waits too long
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None, object, object]:
        """Keep the verdict of a test that was looked at as the run was stopped."""
        for item, conclusion in self._open.items():
            if conclusion.ran:
                self._write(item)
        if self._outcome is not None:
            self._outcome.finish(session)
        return (yield)

    def tell_what_broke(self, loss: Loss | None) -> None:
        """Raise what broke as all that tests share was taken down, if anything did.

        Args:
            loss: what the run has lost, which then is why.
        """
        if self._untidy is not None:
            raise (_told(self._untidy) if loss is None else loss.error()) from self._untidy


class Remains:
    """Hooks that tell, when the run ends, what could not be taken down.

    Args:
        verdicts: of the run.
    """

    def __init__(self, verdicts: Verdicts) -> None:
        self._verdicts = verdicts

    @pytest.hookimpl(wrapper=True, trylast=True)  # within that of Interruptions, which puts it into words
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None, object, object]:
        """Raise it once everything else is down."""
        done = yield
        self._verdicts.tell_what_broke(session.config.stash.get(LOST, None))
        return done


def _told(error: Exception) -> Exception:
    """Return what broke while everything was taken down as the error of a run that ends with 69 for it."""
    if isinstance(error, (MeshproofError, ApiException, HTTPError)):
        return error
    reason = str(error).partition("\n")[0]
    return MeshproofError(f"{type(error).__name__}: {reason}", "look at the fixtures that all tests share")


def _show(
    item: pytest.Item, report: pytest.TestReport, call: pytest.CallInfo[None], conclusion: Conclusion
) -> None:
    """Make pytest's own report say the same as the verdict, briefly."""
    if call.excinfo is not None and isinstance(call.excinfo.value, MeshproofError):
        hint = f"\n  {'hint':<10}{conclusion.hint}" if conclusion.hint else ""
        report.longrepr = redact(f"{call.excinfo.value}{hint}", known_by(item))
    elif call.excinfo is not None and isinstance(call.excinfo.value, Missed):
        with_hint(call.excinfo.value, conclusion.hint, known_by(item))
        call.excinfo.traceback = call.excinfo.traceback.cut(path=item.path)
        report.longrepr = call.excinfo.getrepr(style="short")
    if report.when == "call":
        if conclusion.verdict is Verdict.FAILED_AS_IT_MUST:
            report.outcome, report.longrepr = "passed", None
        elif conclusion.verdict is Verdict.VACUOUS:
            report.outcome, report.longrepr = "failed", f"{item.nodeid} {conclusion.reason}."
    if report.when == "call" or report.outcome != "passed":
        report.user_properties.append((VERDICT, str(conclusion.verdict)))
