"""How long a call takes beyond what its path takes by itself."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from meshproof.errors import MeshproofError
from meshproof.traffic.budgets import Budgets
from meshproof.traffic.call import KEPT_BODY, MOST_RETURNED, Batch, Call
from meshproof.traffic.checks import Check
from meshproof.traffic.convergence import converge, slowed_at_once
from meshproof.traffic.evidence import DurationEvidence, Evidence, ranked
from meshproof.traffic.misses import DurationMissed, NotConverged
from meshproof.traffic.reply import Reply
from meshproof.traffic.setting import NOTHING_YET, Setting
from meshproof.traffic.streak import calls_to_show, shown_by, words_of

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
        ValueError: the call is its own floor, beyond which it cannot take long.
        NotConverged: the calls were not as they should be within the deadline.
        DurationMissed: one of the sample took less or more, or missed the check.
        MeshproofError: the floor could not be measured, or calls that nothing slows are too late as well.
    """
    __tracebackhide__ = True
    if call == floor:
        raise ValueError(f"a call cannot be judged against itself: {call}")
    budgets = setting.budgets
    bounds = Bounds(floor_of(setting, floor), max(0.0, least - budgets.early), most + budgets.late)
    right = check & bounds.check()
    batch = _sample(budgets, slowed_at_once(budgets, call) if most > 0 else budgets.sample_concurrency)
    try:
        row = budgets.in_a_row
        begun = converge(setting, call, right, in_a_row=row, concurrency=batch.concurrency)
        return _judged(setting, call, right, bounds, begun=begun, batch=batch)
    except (NotConverged, DurationMissed):
        _refuse_noise(setting, floor, bounds, batch)
        raise


def _judged(  # noqa: PLR0913 - a call, how it is judged and how it is sent
    setting: Setting, call: Call, right: Check, bounds: Bounds, *, begun: Evidence, batch: Batch
) -> Evidence:
    """Judge one sample."""
    __tracebackhide__ = True
    budgets = setting.budgets
    started = setting.clock.now()
    answer = call.sender.send(call, batch)
    misses = Counter(reason for reply in answer.replies if (reason := right(reply)) is not None)
    lacking = batch.count - len(answer.replies)
    seen = bounds.seen(call, answer.replies)
    held = not misses and not lacking
    shown = shown_by(batch.count, budgets.beta)
    evidence = Evidence(
        promise="takes",
        held=held,
        call=str(call),
        expected=f"{right.description}, {batch.count} of {batch.count} calls",
        calls=len(answer.replies),
        seconds=setting.clock.now() - started,
        last=str(answer.replies[-1]) if answer.replies else NOTHING_YET,
        seen=ranked(misses),
        passes=len(answer.replies) - misses.total(),
        durations=seen,
        steady=words_of(batch.count, shown, budgets.beta) if held else "",
        answers=sum(reply.answered for reply in answer.replies),
        first_pass=begun.first_pass,
    )
    setting.record(evidence)
    if lacking:
        raise DurationMissed(
            f"not finished within {budgets.converge:g} s ({len(answer.replies)} of {batch.count} calls)",
            evidence,
            answer.reason,
        )
    if misses:
        took = (
            f"took {seen[0].shortest:.3g} s to {seen[0].longest:.3g} s beyond the path" if seen else "failed"
        )
        raise DurationMissed(f"{took} ({misses.total()} of {batch.count} calls missed)", evidence)
    return evidence


def _sample(budgets: Budgets, at_once: int) -> Batch:
    """Return a batch that shows when so many calls as `points` says take too much or too little."""
    count = calls_to_show(budgets.points, budgets.beta)
    return Batch(
        count,
        min(at_once, count),
        budgets.converge,
        new_connections=True,
        body_limit=min(KEPT_BODY, MOST_RETURNED // count),
    )


def _refuse_noise(setting: Setting, floor: Call, bounds: Bounds, batch: Batch) -> None:
    """Say so when durations cannot be judged, because calls that nothing slows are too late as well.

    Raises:
        MeshproofError: that is so.
    """
    replies = floor.sender.send(floor, batch).replies
    longest = max((reply.seconds - bounds.floor for reply in replies), default=0.0)
    late = setting.budgets.late
    if longest > late:
        raise MeshproofError(
            f"durations cannot be judged: what nothing slows took {longest:.1f} s more than the fastest call"
            f" ({late:g} s are allowed): {floor}",
            "give the cluster more of its machine, or set the budget late",
        )
