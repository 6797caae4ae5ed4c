"""How long a call takes beyond what its path takes by itself."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from meshproof.errors import MeshproofError
from meshproof.traffic.budgets import Budgets
from meshproof.traffic.call import Batch, Call
from meshproof.traffic.checks import Check
from meshproof.traffic.convergence import converge
from meshproof.traffic.evidence import DurationEvidence, Evidence, ranked
from meshproof.traffic.misses import DurationMissed, NotConverged
from meshproof.traffic.reply import Reply
from meshproof.traffic.setting import NOTHING_YET, Setting

ANSWERED = Check("answered", lambda reply: str(reply.failure) if reply.failure else None)
"""Somebody replied, whatever it was."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a call may take, in seconds beyond the floor of its path, slack included.

    Args:
        floor: what the path takes by itself.
        least: the shortest that is allowed; 0: any.
        most: the longest that is allowed.
    """

    floor: float
    least: float
    most: float

    def check(self) -> Check:
        """Return the check of one reply's duration."""

        def judge(reply: Reply) -> str | None:
            if reply.failure is not None:
                return str(reply)
            beyond = reply.seconds - self.floor
            early = self.least > 0 and beyond < self.least
            # To one figure: misses are counted by their text, and 200 times would be 200 kinds of miss.
            return f"took about {reply.seconds:.1g} s" if early or beyond > self.most else None

        return Check(str(self), judge)

    def seen(self, call: Call, replies: Iterable[Reply]) -> tuple[DurationEvidence, ...]:
        """Return what the calls that were answered took; nothing when none was."""
        beyond = [reply.seconds - self.floor for reply in replies if reply.failure is None]
        if not beyond:
            return ()
        return (DurationEvidence(str(call), self.floor, self.least, self.most, min(beyond), max(beyond)),)

    def __str__(self) -> str:
        """Return them as evidence shows them."""
        least = f"{self.least:.3g} s to " if self.least > 0 else "at most "
        return f"{least}{self.most:.3g} s beyond the path's {1000 * self.floor:.1f} ms"


def floor_of(setting: Setting, call: Call) -> float:
    """Return the seconds of the fastest of a few calls, sent one by one: nobody gets below them on this path.

    Raises:
        MeshproofError: none of them was answered.
    """
    batch = Batch(setting.budgets.in_a_row, 1, setting.budgets.converge, new_connections=True)
    replies = call.sender.send(call, batch).replies
    answered = [reply.seconds for reply in replies if reply.failure is None]
    if not answered:
        raise MeshproofError(
            f"the floor of a path cannot be measured: none of {len(replies)} calls was answered: {call}",
            "look at the pod that it calls",
        )
    return min(answered)


def measure(  # noqa: PLR0913 - a call, its check and its bounds
    setting: Setting, call: Call, check: Check, *, least: float, most: float, floor: Call
) -> Evidence:
    """Measure the floor, wait until calls are as they should be, then judge one sample of them.

    Args:
        setting: budgets, time, and where evidence goes.
        call: whose duration is judged.
        check: of each reply, besides its duration.
        least: seconds beyond the floor, at least; a proxy's timer is exact, so `early` is all the slack.
        most: seconds beyond the floor, at most; a busy machine is late, by up to `late`.
        floor: a call that goes the same way and is not slowed.

    Raises:
        NotConverged: the calls were not as they should be within the deadline.
        DurationMissed: one of the sample took less or more, or missed the check.
        MeshproofError: the floor could not be measured, or calls that nothing slows are too late as well.
    """
    __tracebackhide__ = True
    budgets = setting.budgets
    bounds = Bounds(floor_of(setting, floor), max(0.0, least - budgets.early), most + budgets.late)
    right = check & bounds.check()
    at_once = budgets.timed_concurrency
    try:
        begun = converge(setting, call, right, in_a_row=budgets.in_a_row, concurrency=at_once)
        return _judged(setting, call, right, bounds, begun)
    except (NotConverged, DurationMissed):
        _refuse_noise(setting, floor, bounds)
        raise


def _judged(setting: Setting, call: Call, right: Check, bounds: Bounds, begun: Evidence) -> Evidence:
    """Judge one sample."""
    __tracebackhide__ = True
    budgets = setting.budgets
    started = setting.clock.now()
    answer = call.sender.send(call, _sample(budgets))
    misses = Counter(reason for reply in answer.replies if (reason := right(reply)) is not None)
    lacking = budgets.timed - len(answer.replies)
    seen = bounds.seen(call, answer.replies)
    evidence = Evidence(
        promise="takes",
        held=not misses and not lacking,
        call=str(call),
        expected=f"{right.description}, {budgets.timed} of {budgets.timed} calls",
        calls=len(answer.replies),
        seconds=setting.clock.now() - started,
        last=str(answer.replies[-1]) if answer.replies else NOTHING_YET,
        seen=ranked(misses),
        passes=len(answer.replies) - misses.total(),
        durations=seen,
        first_pass=begun.first_pass,
    )
    setting.record(evidence)
    if lacking:
        raise DurationMissed(
            f"not finished within {budgets.converge:g} s ({len(answer.replies)} of {budgets.timed} calls)",
            evidence,
            answer.reason,
        )
    if misses:
        took = (
            f"took {seen[0].shortest:.3g} s to {seen[0].longest:.3g} s beyond the path" if seen else "failed"
        )
        raise DurationMissed(f"{took} ({misses.total()} of {budgets.timed} calls missed)", evidence)
    return evidence


def _sample(budgets: Budgets) -> Batch:
    return Batch(budgets.timed, budgets.timed_concurrency, budgets.converge, new_connections=True)


def _refuse_noise(setting: Setting, floor: Call, bounds: Bounds) -> None:
    """Say so when durations cannot be judged, because calls that nothing slows are too late as well.

    Raises:
        MeshproofError: that is so.
    """
    replies = floor.sender.send(floor, _sample(setting.budgets)).replies
    longest = max((reply.seconds - bounds.floor for reply in replies), default=0.0)
    late = setting.budgets.late
    if longest > late:
        raise MeshproofError(
            f"durations cannot be judged: what nothing slows took {longest:.1f} s more than the fastest call"
            f" ({late:g} s are allowed): {floor}",
            "give the cluster more of its machine, or set the budget late",
        )
