"""What changed between two reports."""

import statistics
from collections.abc import Iterator, Mapping
from datetime import datetime
from enum import StrEnum

from meshproof.behaviours import CATALOGUE
from meshproof.report.outcomes import Value
from meshproof.report.snapshot import Known, Snapshot
from meshproof.results import Verdict

# Beyond noise: both must hold. Two runs of one suite on one machine, idle and with other work beside them,
# differed by up to 2.7 times for a behaviour of a few seconds, and by up to 9 s for one of 20.
TIMES_SLOWER = 2.0
SECONDS_SLOWER = 5.0
PROPAGATION_SECONDS_SLOWER = 1.0
# What everything took longer by is the machine's and no behaviour's; it takes some to say so.
PACE_FROM = 5
PACE_SECONDS = 0.5

_JUDGED = frozenset({Verdict.PASSED, Verdict.FAILED})
_KNOWN = _JUDGED | {Verdict.NOT_OFFERED}


class Kind(StrEnum):
    """How a behaviour's verdict changed; each change is of one kind."""

    REGRESSED = "regressed"  # it passed and fails now
    FIXED = "fixed"  # it failed and passes now
    NEWLY_NOT_OFFERED = "newly not offered"  # it was judged, and the mesh lacks a feature of it now
    NO_LONGER_SHOWN = "no longer shown"  # it was judged or not offered, and nothing is known of it now
    NEWLY_TESTED = "newly tested"  # it was not judged, and passes or fails now
    CHANGED = "otherwise changed"  # neither report judged it


class Side(Value):
    """One of the two reports: where it was read, when its run ended, and what it concluded."""

    source: str
    date: datetime
    conclusion: str


class Changed(Value):
    """A behaviour whose verdict changed; the sentence is empty when the catalogue does not hold it."""

    id: str
    sentence: str
    before: Verdict
    after: Verdict
    reason: str


class Proof(Value):
    """A behaviour whose tests were seen to be able to fail on one side only."""

    id: str
    sentence: str


class Slower(Value):
    """Something that took longer than noise explains, in seconds."""

    what: str
    before: float
    after: float


class Differs(Value):
    """One fact of the environment; None on the side that does not have it."""

    name: str
    before: str | None
    after: str | None


class Diff(Value):
    """What changed from one report to another.

    What only one of them tells of, such as the images when the other is a ConformanceReport, is not compared.

    Args:
        before: the first.
        after: the second.
        verdicts: behaviours whose verdict changed, by kind; a kind without any is there and empty. What the
            control runs said is left out of it: it is about the tests and not about the mesh.
        newly_vacuous: behaviours whose tests could fail and now pass their control; only those that the
            control runs of both sides tried, as in the next.
        no_longer_vacuous: the other way round.
        slower: what took longer than noise explains.
        pace: how many times as long behaviours took in the middle; None when too few passed in both.
        environment: what differs in what they ran on.
    """

    before: Side
    after: Side
    verdicts: dict[Kind, tuple[Changed, ...]]
    newly_vacuous: tuple[Proof, ...]
    no_longer_vacuous: tuple[Proof, ...]
    slower: tuple[Slower, ...]
    pace: float | None
    environment: tuple[Differs, ...]

    @property
    def lost(self) -> tuple[Changed, ...]:
        """Behaviours that passed and, without having failed, are not seen to any more."""
        changes = (*self.verdicts[Kind.NEWLY_NOT_OFFERED], *self.verdicts[Kind.NO_LONGER_SHOWN])
        return tuple(change for change in changes if change.before is Verdict.PASSED)

    @property
    def worse(self) -> bool:
        """Whether anything that was proven is not proven any more."""
        return bool(self.verdicts[Kind.REGRESSED] or self.lost or self.newly_vacuous)


def compare(before: Snapshot, after: Snapshot) -> Diff:
    """Compare two reports, the older one first."""
    pace = _pace(before.behaviours, after.behaviours)
    return Diff(
        before=_side(before),
        after=_side(after),
        verdicts=_verdicts(before.behaviours, after.behaviours),
        newly_vacuous=_turned(before, after, Verdict.VACUOUS),
        no_longer_vacuous=_turned(before, after, Verdict.FAILED_AS_IT_MUST),
        slower=(*_slower(before.behaviours, after.behaviours, pace), *_propagation(before, after)),
        pace=pace,
        environment=tuple(_environment(before.environment, after.environment)),
    )


def kind_of(before: Verdict, after: Verdict) -> Kind | None:
    """Return how a verdict changed; None when it did not.

    A behaviour that one of the reports does not know counts there as one without a test.
    """
    if before is after:
        return None
    if after in _JUDGED:
        if before not in _JUDGED:
            return Kind.NEWLY_TESTED
        return Kind.FIXED if after is Verdict.PASSED else Kind.REGRESSED
    if after is Verdict.NOT_OFFERED:
        return Kind.NEWLY_NOT_OFFERED if before in _JUDGED else Kind.CHANGED
    return Kind.NO_LONGER_SHOWN if before in _KNOWN else Kind.CHANGED


def beyond_noise(before: float, after: float, *, pace: float, seconds: float) -> bool:
    """Return whether something took longer than noise explains.

    Args:
        before: seconds that it took.
        after: seconds that it takes now.
        pace: how many times as long everything takes now.
        seconds: least difference that is worth a word.
    """
    expected = before * max(1.0, pace)
    return after > TIMES_SLOWER * expected and after - expected >= seconds


def _side(snapshot: Snapshot) -> Side:
    return Side(source=snapshot.source, date=snapshot.date, conclusion=snapshot.conclusion)


def _verdicts(
    before: Mapping[str, Known],
    after: Mapping[str, Known],
) -> dict[Kind, tuple[Changed, ...]]:
    unknown = Known(Verdict.PLANNED)
    found: dict[Kind, list[Changed]] = {kind: [] for kind in Kind}
    for id_ in dict.fromkeys((*before, *after)):
        old, new = before.get(id_, unknown), after.get(id_, unknown)
        kind = kind_of(old.verdict, new.verdict)
        if kind is not None:
            found[kind].append(
                Changed(
                    id=id_,
                    sentence=_sentence(id_),
                    before=old.verdict,
                    after=new.verdict,
                    reason=new.reason,
                ),
            )
    return {kind: tuple(changes) for kind, changes in found.items()}


def _turned(before: Snapshot, after: Snapshot, now: Verdict) -> tuple[Proof, ...]:
    """Return the behaviours that both control runs tried, the second with another verdict: this one."""
    return tuple(
        Proof(id=id_, sentence=_sentence(id_))
        for id_, verdict in after.control.items()
        if verdict is now and before.control.get(id_, now) is not now
    )


def _sentence(id_: str) -> str:
    known = CATALOGUE.get(id_)
    return known.sentence if known else ""


def _both(before: Mapping[str, Known], after: Mapping[str, Known]) -> Iterator[tuple[str, float, float]]:
    """Yield the behaviours that passed in both, with the seconds of the same tests on either side."""
    for id_, old in before.items():
        new = after.get(id_)
        if new is None or (old.verdict, new.verdict) != (Verdict.PASSED, Verdict.PASSED):
            continue
        if old.tests and new.tests:
            same = old.tests.keys() & new.tests.keys()
            if same:
                yield id_, sum(old.tests[test] for test in same), sum(new.tests[test] for test in same)
        elif old.seconds is not None and new.seconds is not None:
            yield id_, old.seconds, new.seconds


def _pace(before: Mapping[str, Known], after: Mapping[str, Known]) -> float | None:
    times = [new / old for _, old, new in _both(before, after) if min(old, new) >= PACE_SECONDS]
    return round(statistics.median(times), 2) if len(times) >= PACE_FROM else None


def _slower(
    before: Mapping[str, Known],
    after: Mapping[str, Known],
    pace: float | None,
) -> Iterator[Slower]:
    for id_, old, new in _both(before, after):
        if beyond_noise(old, new, pace=pace or 1.0, seconds=SECONDS_SLOWER):
            yield Slower(what=id_, before=round(old, 3), after=round(new, 3))


def _propagation(before: Snapshot, after: Snapshot) -> Iterator[Slower]:
    for what, old in before.propagation.items():
        new = after.propagation.get(what)
        if new is not None and beyond_noise(old, new, pace=1.0, seconds=PROPAGATION_SECONDS_SLOWER):
            yield Slower(what=what, before=old, after=new)


def _environment(
    before: Mapping[str, Mapping[str, str]],
    after: Mapping[str, Mapping[str, str]],
) -> Iterator[Differs]:
    for group in (group for group in before if group in after):
        old, new = before[group], after[group]
        for name in dict.fromkeys((*old, *new)):
            if old.get(name) != new.get(name):
                yield Differs(name=name, before=old.get(name), after=new.get(name))
