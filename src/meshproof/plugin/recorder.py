"""Writes verdicts to results.jsonl as they come."""

from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import version

import pytest

from meshproof.errors import MeshproofError
from meshproof.plugin.marks import Wanted
from meshproof.results import (
    RESULTS_FILE,
    EndRecord,
    Environment,
    PlannedTest,
    PlanRecord,
    ResultsWriter,
    RunRecord,
    TestRecord,
)

_OPTIONS = (
    "--kubeconfig",
    "--meshproof-context",
    "--meshproof-control",
    "--meshproof-images",
    "--meshproof-charts",
)
"""Those that say what was tried, as against how the run was watched."""


class Recorder:
    """The results file of one run; does nothing when no output folder was given.

    The file begins with the first verdict, when it is known what the run runs against.

    Args:
        config: of the pytest run.
        planned: every collected test that proves a behaviour, and its marker.

    Raises:
        pytest.UsageError: the output folder holds results already, or cannot be written to.
    """

    def __init__(self, config: pytest.Config, planned: Iterable[tuple[pytest.Item, Wanted]]) -> None:
        self._config = config
        self._planned = tuple(PlannedTest(behaviour=wanted.id, test=item.nodeid) for item, wanted in planned)
        self._started = datetime.now(UTC)
        folder = config.getoption("meshproof_output")
        try:
            self._writer = None if folder is None else ResultsWriter(folder / RESULTS_FILE)
        except MeshproofError as error:
            raise pytest.UsageError(str(error)) from error
        self._begun = False
        self.run_id = "unnamed"
        self.environment = Environment()

    def _begin(self) -> None:
        """Write the first lines: which run this is, on what, and which tests were collected."""
        if self._begun:
            return
        self._begun = True
        given = {name: self._config.getoption(name) for name in _OPTIONS}
        run = RunRecord(
            run=self.run_id,
            meshproof=version("meshproof"),
            started=self._started,
            control=self._config.getoption("meshproof_control"),
            environment=self.environment,
            options={name: str(value) for name, value in given.items() if value not in {None, False}},
        )
        if self._writer is not None:
            self._writer.write(run)
            self._writer.write(PlanRecord(tests=self._planned))

    def write(self, record: TestRecord) -> None:
        """Write one verdict."""
        self._begin()
        if self._writer is not None:
            self._writer.write(record)

    def end(self, interrupted: str | None) -> None:
        """Write the last line and close the file.

        Args:
            interrupted: what stopped the run early, or None.
        """
        self._begin()
        if self._writer is not None:
            self._writer.write(EndRecord(ended=datetime.now(UTC), interrupted=interrupted))
            self._writer.close()
