"""What is known of tests, behaviours, levels and areas; renderings show these counts, none of their own."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from itertools import chain
from typing import Self

from pydantic import BaseModel, ConfigDict

from meshproof.behaviours import Area, Level
from meshproof.results import (
    DurationFound,
    Propagation,
    ShareFound,
    Verdict,
    WaitingFound,
    by_api,
    verdict_of,
)


class Result(StrEnum):
    """How an area did at one level."""

    SUCCESS = "success"
    FAILURE = "failure"
    PARTIAL = "partial"  # nothing failed, but not all that was promised was seen
    PLANNED = "planned"  # none of its behaviours has a test yet


class Value(BaseModel):
    """A part of the report; it never changes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Counts(Value):
    """Behaviours by verdict."""

    passed: int = 0
    failed: int = 0
    not_offered: int = 0
    errors: int = 0
    interrupted: int = 0
    not_run: int = 0
    planned: int = 0

    @classmethod
    def of(cls, verdicts: Iterable[Verdict]) -> Self:
        """Count verdicts of a run (not of a control run)."""
        seen = Counter(verdicts)
        return cls(
            passed=seen[Verdict.PASSED],
            failed=seen[Verdict.FAILED],
            not_offered=seen[Verdict.NOT_OFFERED],
            errors=seen[Verdict.ERROR],
            interrupted=seen[Verdict.INTERRUPTED],
            not_run=seen[Verdict.NOT_RUN],
            planned=seen[Verdict.PLANNED],
        )

    @property
    def tested(self) -> int:
        """Behaviours that have a test, whether it ran or not."""
        return self.passed + self.failed + self.not_offered + self.errors + self.interrupted + self.not_run

    @property
    def total(self) -> int:
        """All behaviours, those without a test included."""
        return self.tested + self.planned


class TestOutcome(Value):
    """What one test of a behaviour found; seconds and started are None when it was not run.

    Args:
        test: pytest's node id.
        verdict: what it found.
        api: through which API it was tried; empty when there is one way only.
        seconds: how long it took.
        reason: one line; empty when it passed.
        evidence: what was called, expected and seen.
        started: when.
        hint: what probably explains a failure, or empty.
        diagnostics: folder of what was collected after a failure, within the output folder; else empty.
        propagation: how long the manifest of its module took to take effect; None when it has none.
        shares: the shares that it tested.
        durations: the durations that it judged.
        waited: how long it waited; None when that was not measured.
    """

    __test__ = False  # the name begins with Test, but pytest has nothing to collect here

    test: str
    verdict: Verdict
    api: str = ""
    seconds: float | None = None
    reason: str = ""
    evidence: str = ""
    started: datetime | None = None
    hint: str = ""
    diagnostics: str = ""
    propagation: Propagation | None = None
    shares: tuple[ShareFound, ...] = ()
    durations: tuple[DurationFound, ...] = ()
    waited: WaitingFound | None = None

    @property
    def module(self) -> str:
        """The file that holds it, whose manifest it shares with the file's other tests."""
        return self.test.partition("::")[0]


class BehaviourOutcome(Value):
    """What is known of one behaviour.

    Args:
        id: stable id, such as "TM-02".
        sentence: the promise.
        area: what it is about.
        level: how much it asks of a mesh.
        features: what it needs the mesh to offer.
        verdict: the gravest of its tests' verdicts; passed only when every test of it ran and passed, but for
            those through an API that the mesh does not offer.
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

    @property
    def apis(self) -> dict[str, Verdict]:
        """What is known of it through each API; empty when there is one way only."""
        through = by_api(self.tests)
        return through if any(through) else {}

    @property
    def hints(self) -> tuple[str, ...]:
        """What probably explains why it is not passed, each said once."""
        return tuple(dict.fromkeys(test.hint for test in self.tests if test.hint))

    @property
    def vacuous_pass(self) -> bool:
        """Whether its tests passed, and it is called failed only because they pass their control, too."""
        if self.verdict is not Verdict.FAILED or self.control is not Verdict.VACUOUS:
            return False
        return verdict_of(self.tests) is Verdict.PASSED


class LevelOutcome(Value):
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
        levels it does not, because there a mesh may lack the feature. A behaviour without a test makes
        nothing partial: that is no finding about this mesh.
        """
        counts = self.counts
        if counts.failed:
            return Result.FAILURE
        if not counts.tested:
            return Result.PLANNED
        missing = counts.errors + counts.interrupted + counts.not_run
        missing += counts.not_offered if self.level is Level.CORE else 0
        return Result.PARTIAL if missing or not counts.passed else Result.SUCCESS


class AreaOutcome(Value):
    """One area; a level at which the catalogue has no behaviour of it is left out."""

    area: Area
    levels: tuple[LevelOutcome, ...]

    @property
    def behaviours(self) -> tuple[BehaviourOutcome, ...]:
        """All behaviours of the area, level by level."""
        return tuple(chain.from_iterable(level.behaviours for level in self.levels))

    @property
    def tested(self) -> tuple[BehaviourOutcome, ...]:
        """Those that have a test."""
        return tuple(b for b in self.behaviours if b.verdict is not Verdict.PLANNED)

    @property
    def planned(self) -> tuple[BehaviourOutcome, ...]:
        """Those that have none yet."""
        return tuple(b for b in self.behaviours if b.verdict is Verdict.PLANNED)
