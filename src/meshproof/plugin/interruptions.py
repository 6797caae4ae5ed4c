"""A run that is stopped, by a signal or by the loss of its cluster, ends in order and in time."""

import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Generator, Iterator
from types import FrameType
from typing import Any

import pytest
from kubernetes.client import ApiException
from urllib3.exceptions import HTTPError

from meshproof.behaviours import Level
from meshproof.errors import ExitCode, MeshproofError
from meshproof.plugin.marks import wanted_by
from meshproof.plugin.verdicts import RECORDER
from meshproof.plugin.watch import LOST, Loss, Watch, asked_of

WAKE = signal.SIGUSR1
WAKE_EVERY_SECONDS = 1.0
TIDY_SECONDS = 15.0
"""How long what is tidied up may take where the API server still answers."""

END_SECONDS = 30.0
"""How long a run that has lost something may take to end in order; with the patience before, under 60 s."""


def leave(code: int) -> None:
    """End this process, whatever its other threads wait for."""
    sys.stdout.flush()
    os._exit(code)


class Woken(Exception):
    """Ends a call that would wait for ever for what is lost."""


class Interruptions:
    """Hooks that end a run whose cluster or mesh is gone, and one that is asked to end.

    A call to an API server that has stopped mid-way waits without end, so the main thread is woken by a
    signal; where even that does not help, the process ends itself, and what it has written stays.

    Args:
        config: of the pytest run; this is its main thread.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._session: pytest.Session | None = None
        self._watch: Watch | None = None
        self._inside = False
        self._entered = 0
        self._gate = threading.Lock()
        self._leave = leave
        self._exit_code: int = ExitCode.ENVIRONMENT
        self._before = {
            number: signal.signal(number, handler)
            for number, handler in ((signal.SIGTERM, self._interrupt), (WAKE, self._wake))
        }

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, object, object]:
        """Remember whom to stop."""
        self._session = session
        return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[object]) -> Generator[None, Any, Any]:
        """Watch over the cluster from the moment that the run has one."""
        found = yield
        if fixturedef.argname == "cluster" and fixturedef.scope == "session" and self._watch is None:
            self._watch = Watch(asked_of(found), self._stop)
            self._watch.look(in_doubt=True)
            self._watch.keep(self._see_it_end)
        return found

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Let a disruptive test stop the mesh that it disrupts."""
        wanted = wanted_by(item)
        if self._watch is not None:
            disrupts = wanted is not None and wanted.behaviour.level is Level.DISRUPTIVE
            self._watch.excuse(mesh=disrupts)
        return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self) -> Generator[None, object, object]:
        """Tell a test that breaks from a mesh that is gone."""
        return (yield from self._phase())

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self) -> Generator[None, object, object]:
        """Tell a test that breaks from a mesh that is gone; let none pass on one that is."""
        value = yield from self._phase()
        if self._watch is not None and (loss := self._watch.settled(in_doubt=False)):
            raise loss.error()
        return value

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self) -> Generator[None, object, object]:
        """Tell a test that breaks from a mesh that is gone."""
        return (yield from self._phase())

    def _phase(self) -> Generator[None, object, object]:
        try:
            with self._interruptible():
                return (yield)
        except (pytest.skip.Exception, pytest.exit.Exception, KeyboardInterrupt):
            raise
        except BaseException as error:
            loss = self._watch.settled(in_doubt=True) if self._watch is not None else None
            if loss is None:
                raise
            raise loss.error() from error

    @pytest.hookimpl(
        wrapper=True, trylast=True
    )  # within that of a worker, which then reports to its controller
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None, object, object]:
        """Let a run whose tidying up fails end with a sentence."""
        done, untidy = None, self._taken_down(session)
        try:
            done = yield
        except Exception as error:  # noqa: BLE001 - raised again where it is not foreseen
            untidy = untidy or error
        try:
            if untidy is not None:
                self._tell(session, untidy)
        finally:
            self._exit_code = int(session.exitstatus)
        return done

    def _taken_down(self, session: pytest.Session) -> Exception | None:
        """Take down what all tests share, and return what broke.

        That is pytest's own way, ahead of what other plugins do as a session ends: what they write must not
        be broken off.
        """
        try:
            with self._interruptible():
                session._setupstate.teardown_exact(None)  # noqa: SLF001 - it has no other
        except Exception as error:  # noqa: BLE001 - it is told once the others are done
            return error
        return None

    def _tell(self, session: pytest.Session, untidy: Exception) -> None:
        foreseen = isinstance(untidy, (MeshproofError, ApiException, HTTPError, Woken))
        if not foreseen and LOST not in self._config.stash:
            raise untidy
        if session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = ExitCode.ENVIRONMENT
        said = " ".join(str(untidy).split())[:300] or type(untidy).__name__
        self._say(f"meshproof: the run could not be tidied up ({said}); run `meshproof sweep`.")

    def pytest_unconfigure(self) -> None:
        """Give the signals back; a watch that has found a loss stays to see the process end."""
        if self._watch is not None and not self._lost:
            self._watch.close()
        for number, handler in self._before.items():
            signal.signal(number, handler)

    @property
    def _lost(self) -> bool:
        return self._watch is not None and self._watch.lost is not None

    def _stop(self, loss: Loss) -> None:
        """Let no further test begin; called by whichever thread has found the loss."""
        self._config.stash[LOST] = loss
        if self._session is not None:
            self._session.shouldstop = loss.what
        with contextlib.suppress(OSError):  # where a worker's controller is gone, nobody listens
            self._config.stash[RECORDER].lost(loss)

    def _see_it_end(self, loss: Loss) -> None:
        """Wake the main thread from what it is at, and from all that hangs after it; then end it all."""
        began = time.monotonic()
        pause = threading.Event()
        before = at = self._entered
        while (seconds := time.monotonic() - began) < END_SECONDS:
            hopeless = loss.silent or seconds >= TIDY_SECONDS
            with self._gate:
                # What has only just begun may end by itself.
                waits = self._inside and self._entered == before
                before = self._entered
                if waits and (hopeless or before == at):
                    signal.pthread_kill(threading.main_thread().ident or 0, WAKE)
            pause.wait(WAKE_EVERY_SECONDS)
        self._leave(self._exit_code)

    def _interrupt(self, number: int, _frame: FrameType | None) -> None:
        # Whoever ends a whole group of processes asks twice: itself, and through the command above this one.
        signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt("SIGTERM")

    def _wake(self, _number: int, _frame: FrameType | None) -> None:
        if self._inside and self._lost:
            raise Woken

    @contextlib.contextmanager
    def _interruptible(self) -> Iterator[None]:
        self._entered += 1
        self._inside = True
        try:
            yield
        finally:
            # Once this is closed no signal is sent any more, and its handler may be taken back.
            with self._gate:
                self._inside = False

    def _say(self, line: str) -> None:
        terminal = self._config.pluginmanager.get_plugin("terminalreporter")
        if terminal is not None:
            terminal.ensure_newline()
            terminal.write_line(line, red=True)
