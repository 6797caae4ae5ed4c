"""The report as one value: what a run proved, on what, and what may be claimed of it."""

from datetime import datetime, timedelta
from enum import StrEnum
from itertools import chain

from meshproof.behaviours import Level
from meshproof.report.load import Load
from meshproof.report.outcomes import AreaOutcome, BehaviourOutcome, Counts, Result, TestOutcome, Value
from meshproof.report.propagation import Change, Spread, changes, spread
from meshproof.results import KNOWN_FAILURE, Environment, Implementation, Verdict, WaitingFound

SEED = "--seed"
"""The option under which a run notes the seed that repeats its order."""


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


class ControlBehaviour(Value):
    """What the control run said of one behaviour; its tests are those of the control run."""

    id: str
    sentence: str
    verdict: Verdict
    reason: str
    tests: tuple[TestOutcome, ...]


class Control(Value):
    """The control run: the same tests with their manifests withheld, which must fail."""

    run: str
    started: datetime
    interrupted: str | None
    behaviours: tuple[ControlBehaviour, ...]

    def ids(self, verdict: Verdict) -> tuple[str, ...]:
        """The behaviours that have this verdict."""
        return tuple(behaviour.id for behaviour in self.behaviours if behaviour.verdict is verdict)

    @property
    def waited(self) -> WaitingFound | None:
        """What all of its tests waited; None when that was not measured."""
        return WaitingFound.together(test.waited for b in self.behaviours for test in b.tests)

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


class Report(Value):
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
        folder: the run's output folder, as the report's own folder sees it.
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
    folder: str = ".."

    @property
    def behaviours(self) -> tuple[BehaviourOutcome, ...]:
        """All behaviours of the catalogue, area by area."""
        return tuple(chain.from_iterable(area.behaviours for area in self.areas))

    @property
    def counts(self) -> Counts:
        """All behaviours by verdict."""
        return Counts.of(behaviour.verdict for behaviour in self.behaviours)

    def ids(self, verdict: Verdict) -> tuple[str, ...]:
        """The behaviours that have this verdict."""
        return tuple(behaviour.id for behaviour in self.behaviours if behaviour.verdict == verdict)

    @property
    def known_failures(self) -> frozenset[str]:
        """The behaviours that the run was told the mesh does not keep."""
        return frozenset(filter(None, self.options.get(KNOWN_FAILURE, "").split(",")))

    @property
    def broken(self) -> tuple[BehaviourOutcome, ...]:
        """What someone has to look into, the failed ones first."""
        verdicts = (Verdict.FAILED, Verdict.ERROR)
        return tuple(b for verdict in verdicts for b in self.behaviours if b.verdict is verdict)

    @property
    def changes(self) -> tuple[Change, ...]:
        """Every manifest whose way into the mesh was watched."""
        return changes(self.behaviours)

    @property
    def propagation(self) -> Spread | None:
        """How long those took; None when none was watched."""
        return spread(self.changes)

    @property
    def waited(self) -> WaitingFound | None:
        """What all tests waited; None when that was not measured."""
        return WaitingFound.together(test.waited for b in self.behaviours for test in b.tests)

    @property
    def seed(self) -> str | None:
        """The seed that repeats the order of the run; None when it ran in the listed order."""
        return self.options.get(SEED)

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
        levels = [level for area in self.areas for level in area.levels if level.counts.tested]
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
        """The conclusion and its numbers in one sentence, without a final full stop.

        Behaviours without a test stand apart: they say something about meshproof and nothing about the mesh.
        """
        counts = self.counts
        parts = [
            f"{number} {what}"
            for number, what in (
                (counts.failed, "failed"),
                (counts.errors, "ended in an error"),
                (counts.not_offered, "not offered"),
                (counts.interrupted, "interrupted"),
                (counts.not_run, "not run"),
            )
            if number
        ]
        which = "tested behaviours" if counts.planned else "behaviours"
        passed = f"{counts.passed} of {counts.tested} {which} passed"
        said = f"{self.conclusion.capitalize()}: {', '.join([passed, *parts])}"
        if not counts.planned:
            return said
        have = "has" if counts.planned == 1 else "have"
        return f"{said}; {counts.planned} more of the catalogue {have} no test yet"
