"""What is shown while a run goes on: one line per behaviour as it ends, and on a terminal what is going on.

pytest's own dots stay away then; failures are still printed once, at the end.
"""

import os
import sys
from collections.abc import Generator, Mapping
from types import MappingProxyType
from typing import Any

import pytest
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn
from rich.text import Text

from meshproof.plugin.order import SEED
from meshproof.plugin.recorder import Finding, Recorder
from meshproof.plugin.terminal import Line
from meshproof.results import PlanRecord, TestRecord

DEPLOYING = "deploying the shop, the probes and a gateway"
_COLOURS: Mapping[str, str] = MappingProxyType({"green": "green", "yellow": "yellow", "red": "bold red"})


def show(config: pytest.Config, recorder: Recorder) -> None:
    """Show progress, if the options ask for it."""
    if config.getoption("meshproof_progress") == "none":
        return
    live = config.getoption("meshproof_progress") == "live"
    file = sys.stdout
    if live:
        # A copy of its own: while a test runs, pytest leads elsewhere what is written to the terminal.
        file = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
        config.add_cleanup(file.close)
    console = Console(file=file, highlight=False, soft_wrap=True, force_terminal=live or None)
    config.pluginmanager.register(Lines(config, recorder, console, live=live), "meshproof-progress")


class Lines:
    """Hooks that print one line per behaviour, once the last of its tests has ended.

    Args:
        config: of the pytest run.
        recorder: what was found.
        console: where to print.
        live: whether what is going on is shown below the lines.
    """

    def __init__(self, config: pytest.Config, recorder: Recorder, console: Console, *, live: bool) -> None:
        self._config = config
        self._recorder = recorder
        self._console = console
        self._open: dict[str, set[str]] = {}
        self._running: dict[str, str] = {}
        self._said: dict[str, Line] = {}
        self._deployed = False
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=20),
            MofNCompleteColumn(),
            console=console,
            transient=True,
            # pytest holds both back while a test runs, and must find them as it left them.
            redirect_stdout=False,
            redirect_stderr=False,
            disable=not live,
        )
        self._task = self._progress.add_task(DEPLOYING, total=None)
        recorder.heard.append(self._hear)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self) -> None:
        """Keep pytest-xdist from telling of the coming and going of its workers."""
        workers: Any = self._config.pluginmanager.getplugin("dsession")
        if workers is not None:
            workers.terminal = None
            self._config.pluginmanager.unregister(name="terminaldistreporter")

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self) -> Generator[None, object, object]:
        """Show what is going on for as long as tests run."""
        reporter: Any = self._config.pluginmanager.getplugin("terminalreporter")
        if reporter is not None:
            reporter._show_progress_info = False  # noqa: SLF001 - a percentage behind dots that are not there
        if (seed := self._config.stash.get(SEED, None)) is not None:
            self._console.print(f"Random order: --seed {seed}", markup=False)
        with self._progress:
            return (yield)

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Show a test that begins."""
        planned = self._recorder.planned.get(nodeid)
        if planned is not None:
            self._running[nodeid] = planned.behaviour
            self._describe()

    def _hear(self, record: Finding) -> None:
        match record:
            case PlanRecord():
                self._expect(record)
            case TestRecord():
                self._running.pop(record.test, None)
                self._conclude(record)
            case _:
                self._deployed = True
        self._describe()

    def _expect(self, plan: PlanRecord) -> None:
        for planned in plan.tests:
            if planned.selected and planned.test not in self._recorder.settled:
                self._open.setdefault(planned.behaviour, set()).add(planned.test)
        self._progress.update(self._task, total=len(self._open))

    def _conclude(self, record: TestRecord) -> None:
        left = self._open.get(record.behaviour, set())
        left.discard(record.test)
        if left:
            return
        first = self._open.pop(record.behaviour, None) is not None
        tests = [test for test in self._recorder.records.values() if test.behaviour == record.behaviour]
        line = Line.of(tests)
        if self._said.get(record.behaviour) != line:
            self._print(line)
            self._said[record.behaviour] = line
        if first:  # what breaks after a verdict may change it, and then it is said again
            self._progress.advance(self._task)

    def _print(self, line: Line) -> None:
        text = Text.assemble(
            f"{line.id}  ",
            (f"{line.verdict:<17}", _COLOURS[line.colour]),
            f"{line.seconds:6.1f} s  {line.sentence}",
        )
        if line.reason:
            text.append(f"\n       {line.reason}")
        self._console.print(text, soft_wrap=True)

    def _describe(self) -> None:
        going_on = ", ".join(sorted(set(self._running.values()))) if self._deployed else DEPLOYING
        self._progress.update(self._task, description=going_on)

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self) -> None:
        """Name the behaviours that have no line, because the run was cut short."""
        if self._open:
            self._console.print(f"Not finished: {', '.join(sorted(self._open))}", markup=False)
