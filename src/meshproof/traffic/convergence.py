"""Right answers, soon and from then on."""

from collections import Counter

from meshproof.traffic.call import Batch, Call
from meshproof.traffic.checks import Check
from meshproof.traffic.evidence import Evidence, ranked
from meshproof.traffic.misses import NotConverged
from meshproof.traffic.setting import NOTHING_YET, Setting
from meshproof.traffic.streak import Streak

_AT_MOST = 60
"""Calls of one batch: with their bodies, a probe returns no more than 4 MiB."""


def converge(  # noqa: PLR0913 - what a test may set by itself
    setting: Setting,
    call: Call,
    check: Check,
    *,
    within: float | None = None,
    in_a_row: int | None = None,
    concurrency: int | None = None,
) -> Evidence:
    """Send until so many replies in a row pass; without a count of its own, until they are steady as well.

    Every call has a connection of its own: on a kept one, all calls go where its first one went when there is
    no proxy between, and 20 in a row would be no more than one.

    Args:
        setting: budgets, time, and where evidence goes.
        call: sent again and again.
        check: of each reply.
        within: deadline in seconds; the table's when left out.
        in_a_row: passes; the table's, and then as many as show steadiness, when left out.
        concurrency: calls at the same time; the table's when left out.

    Raises:
        NotConverged: the deadline passed.
    """
    __tracebackhide__ = True
    budgets = setting.budgets
    within = budgets.converge if within is None else within
    row = in_a_row or budgets.in_a_row
    at_once = concurrency or budgets.concurrency
    streak = Streak(budgets)
    misses: Counter[str] = Counter()
    calls = 0
    goal = row
    first_pass = None
    last = NOTHING_YET
    pace = setting.pace(within)
    while streak.run < goal and pace.next():
        # What makes it steady is asked for only once the run is there.
        size = min((row if streak.run < row else goal) - streak.run, _AT_MOST)
        began = setting.clock.now()
        batch = Batch(size, min(at_once, size), pace.left(), new_connections=True)
        replies = call.sender.send(call, batch).replies
        ended = setting.clock.now()
        for reply in replies:
            reason = check(reply)
            streak.take(passed=reason is None)
            if reason is None:
                first_pass = ended if first_pass is None else first_pass
            else:
                misses[reply.without_pod(reason)] += 1
            last = f"as expected: {reply}" if reason is None else reason
        calls += len(replies)
        if in_a_row is None and replies:
            fit = int(budgets.steady * len(replies) / max(ended - began, 1e-3))
            goal = max(row, min(streak.steady(), row + fit))
    held = streak.run >= goal
    expected = f"{check.description}, {row} times in a row"
    if not held:
        expected += f"{' and steady' if streak.longest >= row else ''} (longest run: {streak.longest})"
    evidence = Evidence(
        promise="converged",
        held=held,
        call=str(call),
        expected=expected,
        calls=calls,
        seconds=pace.passed(),
        last=last,
        seen=ranked(misses),
        passes=calls - misses.total(),
        longest_run=streak.longest,
        steady=_shown(streak, setting) if held and in_a_row is None else "",
        first_pass=first_pass,
    )
    setting.record(evidence)
    if not held:
        again = f": {row} in a row came, and then a miss" if streak.longest >= row else ""
        raise NotConverged(f"not converged within {within:g} s ({calls} calls){again}", evidence)
    return evidence


def _shown(streak: Streak, setting: Setting) -> str:
    return (
        f"{streak.run} in a row, so right {streak.shown():.1%} of the time or more"
        f" (beta {setting.budgets.beta:g})"
    )
