"""How long changes of the mesh's configuration took to take effect, over all manifests of a run."""

import math
from collections.abc import Iterable, Sequence

from meshproof.report.outcomes import BehaviourOutcome, Value
from meshproof.results import Propagation

STAGES = ("pushed", "acknowledged", "answered")


class Distribution(Value):
    """Seconds by rank; a percentile is a value that was measured, none is interpolated."""

    n: int
    p50: float
    p95: float
    max: float


class Spread(Value):
    """How long the run's manifests took; None where no manifest shows that stage.

    Args:
        n: manifests that were applied and watched.
        pushed: until the control plane had sent it.
        acknowledged: until every proxy concerned had it.
        answered: until the first answer that was as expected.
    """

    n: int
    pushed: Distribution | None
    acknowledged: Distribution | None
    answered: Distribution | None


class Change(Value):
    """One manifest: the behaviour that it makes true, its test's file, and how long it took."""

    behaviour: str
    module: str
    propagation: Propagation


def changes(behaviours: Iterable[BehaviourOutcome]) -> tuple[Change, ...]:
    """Return every manifest that was watched, once.

    The tests of a file share its manifest, and each says how long it was until its own first answer: the
    earliest of them is the manifest's.
    """
    found = []
    for behaviour in behaviours:
        by_module: dict[str, list[Propagation]] = {}
        for test in behaviour.tests:
            if test.propagation is not None:
                by_module.setdefault(test.module, []).append(test.propagation)
        found += [
            Change(behaviour=behaviour.id, module=module, propagation=_one(seen))
            for module, seen in by_module.items()
        ]
    return tuple(found)


def spread(of: Sequence[Change]) -> Spread | None:
    """Return the distribution of each stage; None when no manifest was watched."""
    if not of:
        return None
    stages = {stage: distribution(seconds(of, stage)) for stage in STAGES}
    return Spread(n=len(of), **stages)


def seconds(of: Iterable[Change], stage: str) -> list[float]:
    """Return one stage's seconds, ascending; manifests that do not show it are left out."""
    found = (getattr(change.propagation, stage) for change in of)
    return sorted(value for value in found if value is not None)


def distribution(ascending: Sequence[float]) -> Distribution | None:
    """Return percentiles by rank of ascending seconds; None when there are none."""
    if not ascending:
        return None

    def at(share: float) -> float:
        return ascending[max(0, math.ceil(len(ascending) * share) - 1)]

    return Distribution(n=len(ascending), p50=at(0.50), p95=at(0.95), max=ascending[-1])


def _one(seen: Sequence[Propagation]) -> Propagation:
    answered = [one.answered for one in seen if one.answered is not None]
    return seen[-1].model_copy(update={"answered": min(answered, default=None)})
