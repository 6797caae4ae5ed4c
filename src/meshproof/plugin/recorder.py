"""Writes what a run finds to results.jsonl as it comes."""

from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Protocol, Self

import pytest

from meshproof.cluster.model import Cluster
from meshproof.errors import ExitCode, MeshproofError
from meshproof.plugin.order import SEED
from meshproof.plugin.resume import earlier, options_of, settled
from meshproof.plugin.watch import Loss
from meshproof.results import (
    RESULTS_FILE,
    EndRecord,
    Environment,
    EnvironmentRecord,
    PlannedTest,
    PlanRecord,
    Record,
    ResultsWriter,
    ResumeRecord,
    RunRecord,
    TestRecord,
    same_mesh,
)

if TYPE_CHECKING:
    from collections.abc import Callable

Finding = PlanRecord | EnvironmentRecord | TestRecord
"""What the process that runs tests has to say."""


@dataclass(frozen=True)
class Place:
    """Where a namespace is: in the cluster of a context.

    Args:
        kubeconfig: the file, as an absolute path.
        context: its name in the file.
    """

    kubeconfig: str
    context: str

    @classmethod
    def of(cls, cluster: Cluster) -> Self:
        """Return that of a cluster."""
        return cls(str(cluster.kubeconfig.absolute()), cluster.context)


class Records(Protocol):
    """Where whoever runs tests leaves what is found: the run's file, or the process that writes it."""

    def take(self, record: Finding) -> None:
        """Take the plan, the environment or a verdict."""

    def opened(self, run_id: str, place: Place) -> None:
        """Take note of a namespace that is about to be made."""

    def removed(self, run_id: str) -> None:
        """Take note that a namespace is gone."""

    def lost(self, loss: Loss) -> None:
        """Take note of what does not answer any more, before it ends the run."""

    def wait_for_others(self, session: pytest.Session) -> None:
        """Return once no other process judges tests any more; at once where the session was broken off."""


class Recorder:
    """The results of one run, and their file when an output folder was given.

    The file begins with the plan, before anything is deployed.

    Args:
        config: of the pytest run.
        run_id: the run's.

    Raises:
        pytest.UsageError: the output folder holds results already, those to resume are not of such a run, or
            it cannot be written to.
    """

    def __init__(self, config: pytest.Config, run_id: str) -> None:
        self.run_id = run_id
        self.records: dict[str, TestRecord] = {}
        """Verdicts by test, the last one of each."""
        self.planned: dict[str, PlannedTest] = {}
        """Every collected test."""
        self.open: dict[str, Place] = {}
        """Ids under which namespaces were made that are not known to be gone, and where."""
        self.heard: list[Callable[[Finding], None]] = []
        """Whom to tell of each record; of the environment once the run's pods are there."""
        self._config = config
        self._started = datetime.now(UTC)
        self._writer: ResultsWriter | None = None
        self._begun = False
        folder = config.getoption("meshproof_output")
        self._file = None if folder is None else folder / RESULTS_FILE
        self._environment = Environment()
        try:
            self.resumed = earlier(config, self._file)
            self.settled = frozenset() if self.resumed is None else settled(self.resumed)
            """Tests whose verdict stands, and that do not run again."""
            if self.resumed is not None:
                self.records = {test.test: test for test in self.resumed.tests}
                self._environment = self.resumed.run.environment
            elif self._file is not None and self._file.exists():
                ResultsWriter(self._file)  # says what is wrong
        except MeshproofError as error:
            raise pytest.UsageError(str(error)) from error

    def take(self, record: Finding) -> None:
        """Write one record.

        Raises:
            pytest.exit.Exception: the file cannot be written to, or it is of another mesh than this one.
        """
        match record:
            case PlanRecord():
                if self.planned:
                    return  # each worker says it
                self.planned = {planned.test: planned for planned in record.tests}
            case EnvironmentRecord():
                if not self._says_more(record.environment):
                    return  # each worker says it
                record = EnvironmentRecord(environment=self._environment)
            case TestRecord():
                self.records[record.test] = record
        try:
            self._begin()
            self._write(record)
        except MeshproofError as error:
            self._writer = None
            pytest.exit(str(error), error.exit_code)
        if isinstance(record, EnvironmentRecord) and not record.environment.images:
            return
        for tell in self.heard:
            tell(record)

    def _says_more(self, environment: Environment) -> bool:
        """Keep what the run runs against, if that was not known, or not with all of these images."""
        known = self._environment
        if known == Environment():
            if self.settled:
                self._refuse("does not tell of which mesh its verdicts are")
            self._environment = environment
            return True
        if self.resumed is not None and not _same_mesh(known, environment):
            self._refuse("is of another mesh than this one")
        if environment.images.keys() <= known.images.keys():
            return False
        # Not every worker deploys everything.
        self._environment = environment.model_copy(update={"images": known.images | environment.images})
        return True

    def _refuse(self, why: str) -> None:
        pytest.exit(f"{self._file} {why}; choose another output folder.", ExitCode.USAGE)

    def _begin(self) -> None:
        if self._begun:
            return
        self._begun = True
        about: Record = RunRecord(
            run=self.run_id,
            meshproof=version("meshproof"),
            started=self._started,
            control=self._config.getoption("meshproof_control"),
            options=self._options(),
        )
        if self.resumed is not None:
            about = ResumeRecord(run=self.run_id, meshproof=version("meshproof"), started=self._started)
        if self._file is not None:
            self._writer = ResultsWriter(self._file, resume=self.resumed is not None)
        self._write(about)

    def _options(self) -> dict[str, str]:
        seed = self._config.stash.get(SEED, None)
        return options_of(self._config) | ({} if seed is None else {"--seed": str(seed)})

    def _write(self, record: Record) -> None:
        if self._writer is not None:
            self._writer.write(record)

    def opened(self, run_id: str, place: Place) -> None:
        """Take note of a namespace that is about to be made."""
        self.open[run_id] = place

    def removed(self, run_id: str) -> None:
        """Take note that a namespace is gone."""
        self.open.pop(run_id, None)

    def lost(self, loss: Loss) -> None:
        """Do nothing: this process ends the run, and knows."""

    def wait_for_others(self, session: pytest.Session) -> None:
        """Do nothing: who writes the file either runs all tests, or none."""

    @property
    def open_tests(self) -> tuple[str, ...]:
        """Tests that were to run and have no verdict."""
        return tuple(
            test for test, planned in self.planned.items() if planned.selected and test not in self.records
        )

    def end(self, interrupted: str | None) -> None:
        """Write the last line and close the file.

        Args:
            interrupted: what stopped the run early, or None.
        """
        if self._begun and self._writer is not None:
            self._writer.write(EndRecord(ended=datetime.now(UTC), interrupted=interrupted))
            self._writer.close()


def _same_mesh(before: Environment, now: Environment) -> bool:
    """Return whether two descriptions are of the same mesh; proxies are unknown until deployed."""
    if before.proxy_build is None or now.proxy_build is None:
        before, now = (each.model_copy(update={"proxy_build": None}) for each in (before, now))
    return same_mesh(before, now)
