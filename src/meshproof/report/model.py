"""The report as one value; every rendering shows these counts and computes none of its own."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import chain
from typing import Self

from pydantic import BaseModel, ConfigDict

from meshproof.behaviours import Area, Level
from meshproof.report.load import Load
from meshproof.results import Environment, Implementation, Verdict


class Result(StrEnum):
    """How an area did at one level."""

    SUCCESS = "success"
    FAILURE = "failure"
    PARTIAL = "partial"  # nothing failed, but not all that was promised was seen


class Conclusion(StrEnum):
    """What the whole run says about the mesh."""

    CONFORMANT = "conformant"
    FAILED = "not conformant"
    PARTIAL = "partial"
    NOTHING_PROVEN = "nothing proven"


class ControlResult(StrEnum):
    """What the control run says about the tests."""

    SUCCESS = "success"  # whatever it tried failed, as it must
    FAILURE = "failure"  # a test passed without what makes it true
    ERROR = "error"  # the environment broke, or the control run did not come to its end
    NOT_RUN = "not run"  # there was none, or it tried nothing


class _Value(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Counts(_Value):
    """Behaviours by verdict."""

    passed: int = 0
    failed: int = 0
    not_offered: int = 0
    errors: int = 0
    not_run: int = 0

    @classmethod
    def of(cls, verdicts: Iterable[Verdict]) -> Self:
        """Count verdicts of a run (not of a control run)."""
        seen = Counter(verdicts)
        return cls(
            passed=seen[Verdict.PASSED],
            failed=seen[Verdict.FAILED],
            not_offered=seen[Verdict.NOT_OFFERED],
            errors=seen[Verdict.ERROR],
            not_run=seen[Verdict.NOT_RUN],
        )

    @property
    def total(self) -> int:
        """All behaviours, tried or not."""
        return self.passed + self.failed + self.not_offered + self.errors + self.not_run


class TestOutcome(_Value):
    """What one test of a behaviour found; seconds and started are None when it was not run."""

    __test__ = False  # the name begins with Test, but pytest has nothing to collect here

    test: str
    verdict: Verdict
    seconds: float | None = None
    reason: str = ""
    evidence: str = ""
    started: datetime | None = None


class BehaviourOutcome(_Value):
    """What is known of one behaviour.

    Args:
        id: stable id, such as "TM-02".
        sentence: the promise.
        area: what it is about.
        level: how much it asks of a mesh.
        features: what it needs the mesh to offer.
        verdict: the gravest of its tests' verdicts; passed only when every test of it ran and passed.
        reason: why it is not passed; empty when it is.
        seconds: time that its tests took, summed.
        tests: its tests, in the order in which they ended, then those that did not run.
        control: what the control run said of it; None when there was none.
    """

    id: str
    sentence: str
    area: Area
    level: Level
    features: tuple[str, ...]
    verdict: Verdict
    reason: str
    seconds: float
    tests: tuple[TestOutcome, ...]
    control: Verdict | None


class LevelOutcome(_Value):
    """One area at one level."""

    level: Level
    behaviours: tuple[BehaviourOutcome, ...]

    @property
    def counts(self) -> Counts:
        """Behaviours of this level by verdict."""
        return Counts.of(behaviour.verdict for behaviour in self.behaviours)

    @property
    def result(self) -> Result:
        """Success only when something passed and nothing that had to be seen is missing.

        A core behaviour that is not offered makes it partial: every mesh should have it. At the other
        levels it does not, because there a mesh may lack the feature.
        """
        counts = self.counts
        if counts.failed:
            return Result.FAILURE
        missing = counts.errors + counts.not_run + (counts.not_offered if self.level is Level.CORE else 0)
        return Result.PARTIAL if missing or not counts.passed else Result.SUCCESS


class AreaOutcome(_Value):
    """One area; a level at which the catalogue has no behaviour of it is left out."""

    area: Area
    levels: tuple[LevelOutcome, ...]

    @property
    def behaviours(self) -> tuple[BehaviourOutcome, ...]:
        """All behaviours of the area, level by level."""
        return tuple(chain.from_iterable(level.behaviours for level in self.levels))


class ControlBehaviour(_Value):
    """What the control run said of one behaviour; its tests are those of the control run."""

    id: str
    sentence: str
    verdict: Verdict
    reason: str
    tests: tuple[TestOutcome, ...]


class Control(_Value):
    """The control run: the same tests with their manifests withheld, which must fail."""

    run: str
    started: datetime
    interrupted: str | None
    behaviours: tuple[ControlBehaviour, ...]

    def ids(self, verdict: Verdict) -> tuple[str, ...]:
        """The behaviours that have this verdict."""
        return tuple(behaviour.id for behaviour in self.behaviours if behaviour.verdict is verdict)

    @property
    def failed_as_they_must(self) -> int:
        """Behaviours whose tests can fail, so that their pass means something."""
        return len(self.ids(Verdict.FAILED_AS_IT_MUST))

    @property
    def vacuous(self) -> int:
        """Behaviours whose tests pass without their manifests and so prove nothing."""
        return len(self.ids(Verdict.VACUOUS))

    @property
    def result(self) -> ControlResult:
        """What it says in one word; a success counts only for the behaviours that it tried."""
        if self.vacuous:
            return ControlResult.FAILURE
        if self.ids(Verdict.ERROR) or self.interrupted is not None:
            return ControlResult.ERROR
        return ControlResult.SUCCESS if self.failed_as_they_must else ControlResult.NOT_RUN


class Report(_Value):
    """Everything that the renderings show.

    Args:
        run: the run's id.
        meshproof: version of meshproof that ran.
        started: when.
        ended: when it ended, or when it was last seen.
        interrupted: why not everything was measured; None after a regular end.
        notes: what the reader must know about the record itself, such as a line that was cut off.
        environment: what the behaviours were tried on.
        implementation: whose mesh it is.
        options: the run's options.
        areas: outcomes by area and level.
        control: the control run; None when there was none.
        load: the load run; None when there was none.
    """

    run: str
    meshproof: str
    started: datetime
    ended: datetime
    interrupted: str | None
    notes: tuple[str, ...]
    environment: Environment
    implementation: Implementation
    options: dict[str, str]
    areas: tuple[AreaOutcome, ...]
    control: Control | None
    load: Load | None

    @property
    def behaviours(self) -> tuple[BehaviourOutcome, ...]:
        """All behaviours of the catalogue, area by area."""
        return tuple(chain.from_iterable(area.behaviours for area in self.areas))

    @property
    def counts(self) -> Counts:
        """All behaviours by verdict."""
        return Counts.of(behaviour.verdict for behaviour in self.behaviours)

    @property
    def control_result(self) -> ControlResult:
        """What the control run says about the tests; not run when there was none."""
        return self.control.result if self.control else ControlResult.NOT_RUN

    @property
    def duration(self) -> timedelta:
        """From the first to the last that is known of the run."""
        return self.ended - self.started

    @property
    def conclusion(self) -> Conclusion:
        """What may be claimed; never more than was seen."""
        counts = self.counts
        if counts.failed:
            return Conclusion.FAILED
        if not counts.passed:
            return Conclusion.NOTHING_PROVEN
        levels = [level for area in self.areas for level in area.levels]
        core = [level.result for level in levels if level.level is Level.CORE]
        extended = [level.counts for level in levels if level.level is Level.EXTENDED]
        complete = (
            self.interrupted is None
            and not counts.errors
            and all(result is Result.SUCCESS for result in core)
            and not any(level.not_run for level in extended)
        )
        return Conclusion.CONFORMANT if complete and core else Conclusion.PARTIAL

    @property
    def headline(self) -> str:
        """The conclusion and its numbers in one sentence, without a final full stop."""
        counts = self.counts
        parts = [
            f"{number} {what}"
            for number, what in (
                (counts.failed, "failed"),
                (counts.errors, "ended in an error"),
                (counts.not_offered, "not offered"),
                (counts.not_run, "not run"),
            )
            if number
        ]
        passed = f"{counts.passed} of {counts.total} behaviours passed"
        return f"{self.conclusion.capitalize()}: {', '.join([passed, *parts])}"
