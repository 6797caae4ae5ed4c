"""Who does what in a run: alone, as the one that hands out tests, or as a worker that runs its share."""

from collections.abc import Iterable, Mapping
from typing import Self

import pytest

from meshproof.behaviours import tested_ids
from meshproof.errors import MeshproofError
from meshproof.plugin.controller import Controller
from meshproof.plugin.interruptions import Interruptions
from meshproof.plugin.link import Relay, orders, worker_number
from meshproof.plugin.marks import Wanted, check
from meshproof.plugin.outcome import Outcome
from meshproof.plugin.progress import show
from meshproof.plugin.recorder import Recorder, Records
from meshproof.plugin.selection import Selection
from meshproof.plugin.sharing import modules_of, modules_with_bookinfo
from meshproof.plugin.verdicts import RECORDER, RUN_ID, WORKER, Remains, Verdicts
from meshproof.results import PlannedTest, PlanRecord
from meshproof.run import Run


def hand_out(config: pytest.Config) -> None:
    """Register the hooks of the process that hands out tests to workers.

    Raises:
        pytest.UsageError: the output folder holds results already, or none of the run to resume.
    """
    recorder, outcome = _begun(config)
    # First, so that it is around what the other one tidies up.
    config.pluginmanager.register(Interruptions(config), "meshproof-interruptions")
    config.pluginmanager.register(Controller(config, recorder, outcome), "meshproof-controller")


def _begun(config: pytest.Config) -> tuple[Recorder, Outcome]:
    recorder = Recorder(config, Run.new().id)
    outcome = Outcome(config, recorder)
    config.pluginmanager.register(outcome, "meshproof-outcome")
    show(config, recorder)
    return recorder, outcome


class Prover:
    """Takes charge of the collected tests, in a process that runs them.

    Args:
        config: of the pytest run.
        records: where to leave what is found.
        run_id: the id under which this process makes its namespace.
        done: tests whose verdict is known already.
        outcome: of a run without workers; a worker has none.
    """

    def __init__(
        self,
        config: pytest.Config,
        records: Records,
        run_id: str,
        done: Iterable[str],
        outcome: Outcome | None = None,
    ) -> None:
        self._config = config
        self._selection = Selection.of(config)
        self._records = records
        self._done = frozenset(done)
        self._outcome = outcome
        config.stash[RUN_ID] = run_id
        config.stash[WORKER] = worker_number(config)
        config.stash[RECORDER] = records
        config.pluginmanager.register(Interruptions(config), "meshproof-interruptions")

    @classmethod
    def of(cls, config: pytest.Config) -> Self:
        """Return that of this process, as a worker or alone.

        Raises:
            pytest.UsageError: the output folder holds results already, or none of the run to resume.
        """
        told = orders(config)
        if told is not None:
            return cls(config, Relay(told["link"]), told["run"], told["settled"])
        recorder, outcome = _begun(config)
        return cls(config, recorder, recorder.run_id, recorder.settled, outcome)

    def sound(self, wanted: Iterable[Wanted]) -> bool:
        """Return whether the tests' markers are as they must be; a worker has the other process say why not.

        Raises:
            pytest.UsageError: they are not, and this process is no worker.
        """
        try:
            check(wanted)
        except pytest.UsageError as error:
            if not isinstance(self._records, Relay):
                raise
            self._records.flaw("\n".join(map(str, error.args)))
            return False
        return True

    def asks_for(self, mark: Wanted) -> bool:
        """Return whether the run is about a test's behaviour."""
        return self._selection.wants(mark.behaviour)

    def take_charge(
        self, wanted: Mapping[pytest.Item, Wanted], items: Iterable[pytest.Item]
    ) -> set[pytest.Item]:
        """Have the plan recorded, and every verdict from now on; return the tests that have theirs already.

        Args:
            wanted: the marker of every collected test.
            items: those of them that were selected.
        """
        selected = set(items)
        plan = (
            PlannedTest(behaviour=mark.id, test=item.nodeid, selected=item in selected)
            for item, mark in wanted.items()
        )
        self._records.take(PlanRecord(tests=tuple(plan), tested=self._tested()))
        if isinstance(self._records, Relay):
            self._records.bookinfo(modules_with_bookinfo(selected))
            self._records.long(modules_of(item for item in selected if wanted[item].long))
        register = self._config.pluginmanager.register
        verdicts = Verdicts(self._config, wanted, self._records, self._outcome)
        register(verdicts, "meshproof-verdicts")
        register(Remains(verdicts), "meshproof-remains")
        return {item for item in selected if item.nodeid in self._done}

    def _tested(self) -> tuple[str, ...]:
        """Return what the suites prove, so that a run of a part of them does not pass for one of all."""
        suites = self._config.rootpath / "suites"
        try:
            # A module that is no Python cannot be collected either, and the run's end says so.
            return tuple(sorted(tested_ids(suites, skip_unreadable=True)))
        except MeshproofError:
            return ()  # there is no such folder
