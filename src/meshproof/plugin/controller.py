"""Hooks of the process that hands out tests: it tells its workers what to do, and writes what they find."""

import contextlib
import json
import os
import signal
import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

import pytest

from meshproof.cluster.existing import existing
from meshproof.plugin.link import KEY, About, Orders, worker_id
from meshproof.plugin.outcome import VERDICT, Outcome
from meshproof.plugin.recorder import Place, Recorder
from meshproof.plugin.scheduling import ByModule
from meshproof.plugin.watch import LOST, Loss
from meshproof.results import TestRecord, Verdict, record_of
from meshproof.run import Run

GONE_SECONDS = 120


class Controller:
    """Hands out whole modules, as a module's manifest is applied once, and keeps the run's records.

    Args:
        config: of the pytest run.
        recorder: the run's.
        outcome: the run's.
    """

    def __init__(self, config: pytest.Config, recorder: Recorder, outcome: Outcome) -> None:
        self._config = config
        self._recorder = recorder
        self._outcome = outcome
        # Filled by the threads of execnet, emptied by this one.
        self._said: SimpleQueue[tuple[str, str]] = SimpleQueue()
        self._began: dict[str, float] = {}
        # An earlier part of a run that is resumed has concluded others, which are tried again.
        self._concluded: set[str] = set()
        self._running: dict[str, int] = {}
        self._links: list[Any] = []
        self._failed = 0
        self._scheduler: ByModule | None = None

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tell a worker what to do, and listen to it."""
        link = node.gateway.newchannel()
        link.setcallback(self._said.put)
        self._links.append(link)
        told = Orders(
            run=worker_id(self._recorder.run_id, node.gateway.id),
            settled=sorted(self._recorder.settled),
            link=link,
        )
        node.workerinput[KEY] = told

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_make_scheduler(self, config: pytest.Config, log: Any) -> Any:
        """Keep modules together, in the order in which they are collected."""
        if config.getoption("dist") not in {"load", "loadfile"}:
            return None
        self._scheduler = ByModule(config, log)
        return self._scheduler

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodeready(self, node: Any) -> None:
        """Remember a worker's process."""
        # pytest-xdist has asked for it before, and so this asks nobody any more.
        self._running[node.gateway.id] = node.gateway._rinfo().pid  # noqa: SLF001 - execnet has no other way

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take what a worker that has ended had to say; where it was broken off, the others are, too."""
        self._running.pop(node.gateway.id, None)
        self._listen()
        ended = getattr(node, "workeroutput", {})  # of one that died there is none
        broken_off = ended.get("exitstatus") == pytest.ExitCode.INTERRUPTED
        if broken_off or ended.get("shouldfail") or ended.get("shouldstop"):
            self._release()

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self) -> None:
        """Take the plan."""
        self._listen()

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Remember when a test began, in case nobody can say so later."""
        self._began[nodeid] = time.time()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take the verdict that came before the report; after the last one, the workers may tidy up."""
        self._listen()
        self._failed += report.failed
        # pytest-xdist ends the workers at so many failures, in whichever of them those were.
        most = self._config.getoption("maxfail")
        if not self._recorder.open_tests or (most and self._failed >= most):
            self._release()

    @pytest.hookimpl(optionalhook=True)
    def pytest_handlecrashitem(self, crashitem: str, report: Any) -> None:
        """Give the verdict on a test whose worker died: an error, unless it had been given already."""
        self._listen()
        planned = self._recorder.planned.get(crashitem)
        began = self._began.get(crashitem, time.time())
        if planned is None:
            return
        if crashitem in self._concluded:
            # Nothing of it is lost but how it was tidied up; what is left goes with the namespace.
            report.outcome, report.when, report.longrepr = "passed", "teardown", None
            return
        reason = f"the worker {report.node.gateway.id} that ran it died"
        self._recorder.take(
            TestRecord(
                behaviour=planned.behaviour,
                test=crashitem,
                verdict=Verdict.ERROR,
                seconds=max(0.0, time.time() - began),
                reason=reason,
                started=datetime.fromtimestamp(began, UTC),
            )
        )
        report.longrepr = f"{crashitem}: {reason}."
        report.user_properties.append((VERDICT, str(Verdict.ERROR)))

    def _listen(self) -> None:
        with contextlib.suppress(Empty):
            while True:
                self._hear(*self._said.get_nowait())

    def _hear(self, about: str, text: str) -> None:
        match about:
            case About.RECORD:
                record = record_of(text)
                self._recorder.take(record)  # type: ignore[arg-type] # only findings are sent
                if isinstance(record, TestRecord):
                    self._concluded.add(record.test)
            case About.OPENED:
                run_id, place = json.loads(text)
                self._recorder.opened(run_id, Place(**place))
            case About.REMOVED:
                self._recorder.removed(text)
            case About.LOST:
                loss = self._config.stash[LOST] = Loss(**json.loads(text))
                # As when a worker that still can says so itself: no other gets any more to do.
                self._config.pluginmanager.getplugin("dsession").shouldstop = loss.what
                self._release()
            case About.BOOKINFO if self._scheduler is not None:
                self._scheduler.gather(json.loads(text))
            case About.LONG if self._scheduler is not None:
                self._scheduler.hasten(json.loads(text))
            case About.FLAW:
                raise pytest.UsageError(*text.splitlines())

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Let the workers stop what they are at: an interrupt reaches this process alone."""
        if excinfo.errisinstance(pytest.Session.Interrupted):
            return  # they were told to stop, and have
        for process in self._running.values():
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGINT)

    @pytest.hookimpl(wrapper=True, trylast=True)  # around pytest-xdist's own, which ends the workers
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None, object, object]:
        """End the run's records once every worker has ended, and remove what a worker that died has left."""
        self._release()
        try:
            return (yield)
        finally:
            self._listen()
            self._outcome.finish(session)
            self._tidy_up()

    def _release(self) -> None:
        """Let the workers tidy up: what they remove now disturbs no measurement."""
        for link in self._links:
            with contextlib.suppress(OSError):  # its worker has ended
                link.send(None)
        self._links.clear()

    def _tidy_up(self) -> None:
        if not self._recorder.open:
            return
        left = sorted(self._recorder.open.items())
        clusters = {place: existing(place.context, Path(place.kubeconfig)) for _, place in left}

        def remove(run_id: str, place: Place) -> None:
            Run(run_id).remove(clusters[place].api, seconds=GONE_SECONDS)

        with ThreadPoolExecutor(len(left)) as pool:
            for _ in pool.map(lambda each: remove(*each), left):
                pass  # an error of any is raised here
        self._recorder.open.clear()
