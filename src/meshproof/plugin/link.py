"""Between the process that hands out tests and its workers: what they are told, and what they find.

A run with workers (pytest -n 2) has one file of results and one process that writes it. Each worker is given
a channel of its own, next to the one over which pytest-xdist sends its reports; what a worker says there has
arrived before the report that it sends after it.
"""

import contextlib
import json
from dataclasses import asdict
from enum import StrEnum
from typing import Any, TypedDict

import pytest

from meshproof.plugin.recorder import Finding, Place
from meshproof.plugin.watch import Loss

KEY = "meshproof"
"""Under which pytest-xdist hands a worker its Orders."""

FIRST = "gw0"
"""What pytest-xdist calls the first worker."""

OTHERS_SECONDS = 900
"""Seconds after which a worker waits no longer for what the others are at."""


class About(StrEnum):
    """What a message is about; with it comes a text."""

    RECORD = "record"  # its JSON
    OPENED = "opened"  # the JSON of an id, whose namespace is about to be made, and of its Place's fields
    REMOVED = "removed"  # an id, whose namespace is gone
    LOST = "lost"  # the JSON of a Loss's fields
    BOOKINFO = "bookinfo"  # the JSON of the modules that need it, for each worker the same
    LONG = "long"  # the JSON of the modules that take long, for each worker the same
    FLAW = "flaw"  # what is wrong with the suites, a line for each


class Orders(TypedDict):
    """What a worker is told.

    Args:
        run: id of the worker's part of the run, and of its namespace.
        settled: tests whose verdict an earlier part of the run has found.
        link: the channel for what it finds; execnet's.
    """

    run: str
    settled: list[str]
    link: Any


def orders(config: pytest.Config) -> Orders | None:
    """Return what this worker was told; None when the process is no worker, or no worker of ours."""
    given: dict[str, Any] = getattr(config, "workerinput", {})
    return given.get(KEY)


def worker_id(run_id: str, worker: str) -> str:
    """Return the id of a worker's part of a run; the first worker's is the run's own.

    Args:
        run_id: the run's.
        worker: as pytest-xdist calls it: gw0, gw1 and so on.
    """
    return run_id if worker == FIRST else f"{run_id}-{worker}"


def worker_number(config: pytest.Config) -> int:
    """Return the number in the name that pytest-xdist gives a process (gw0, gw1); 0 when it is alone."""
    given: dict[str, Any] = getattr(config, "workerinput", {})
    return int(str(given.get("workerid", "gw0")).removeprefix("gw"))


class Relay:
    """The run's records, as a worker reaches them.

    Args:
        channel: execnet's, to the process that writes them.
    """

    def __init__(self, channel: Any) -> None:
        self._channel = channel
        self._others_done = False

    def take(self, record: Finding) -> None:
        """Send one record."""
        self._channel.send((About.RECORD.value, record.model_dump_json()))

    def opened(self, run_id: str, place: Place) -> None:
        """Send word of a namespace that is about to be made."""
        self._channel.send((About.OPENED.value, json.dumps([run_id, asdict(place)])))

    def removed(self, run_id: str) -> None:
        """Send word that a namespace is gone."""
        self._channel.send((About.REMOVED.value, run_id))

    def lost(self, loss: Loss) -> None:
        """Send word of what the run has lost."""
        self._channel.send((About.LOST.value, json.dumps(asdict(loss))))

    def wait_for_others(self, session: pytest.Session) -> None:
        """Wait for the word that every test has its verdict, or that the run ends without.

        A session that was broken off does not wait: the word may wait for its end.
        """
        broken_off = session.shouldfail or session.shouldstop
        if self._others_done or broken_off or session.exitstatus == pytest.ExitCode.INTERRUPTED:
            return
        with contextlib.suppress(EOFError, OSError, self._channel.TimeoutError):
            self._channel.receive(timeout=OTHERS_SECONDS)
        self._others_done = True

    def bookinfo(self, modules: list[str]) -> None:
        """Send word of the modules that need Bookinfo."""
        self._channel.send((About.BOOKINFO.value, json.dumps(modules)))

    def long(self, modules: list[str]) -> None:
        """Send word of the modules that take long."""
        self._channel.send((About.LONG.value, json.dumps(modules)))

    def flaw(self, text: str) -> None:
        """Send word of what is wrong with the suites themselves."""
        self._channel.send((About.FLAW.value, text))
