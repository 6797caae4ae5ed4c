"""Right answers, soon and from then on."""

from dataclasses import replace

from meshproof.traffic.budgets import Budgets
from meshproof.traffic.call import KEPT_BODY, MOST_RETURNED, Batch, Call
from meshproof.traffic.checks import Check
from meshproof.traffic.evidence import Evidence
from meshproof.traffic.misses import NotConverged
from meshproof.traffic.protocol import Protocol
from meshproof.traffic.setting import Setting
from meshproof.traffic.streak import Streak, words_of
from meshproof.traffic.tally import Tally
from meshproof.traffic.waiting import Wait

_AT_MOST = MOST_RETURNED // KEPT_BODY
"""Calls of one batch: each batch is a request to the API server, and its replies come back as a whole."""
_WAITS = 0.1
"""Seconds from which on a call waits more than it works: many of them at the same time slow nobody."""


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
        concurrency: calls at the same time; the table's when left out, and more once they are right.

    Raises:
        NotConverged: the deadline passed. A call that a batch left without a reply is a miss.
    """
    __tracebackhide__ = True
    budgets = setting.budgets
    within = budgets.converge if within is None else within
    row = in_a_row or budgets.in_a_row
    at_once = concurrency or budgets.concurrency
    streak = Streak(budgets)
    tally = Tally(check)
    goal = row
    pace = setting.pace(within)
    wait = Wait(setting.clock)
    while streak.run < goal and pace.next():
        # What makes it steady is asked for only once the run is there.
        lacked = (row if streak.run < row else goal) - streak.run
        # Where misses are what comes, each may take its time: no more than one round of them.
        size = _size(lacked, at_once, one_round=setting.in_vain and not streak.run)
        began = setting.clock.now()
        batch = Batch(size, min(at_once, size), pace.left(), new_connections=True)
        answer = call.sender.send(call, batch)
        replies = answer.replies
        ended = setting.clock.now()
        missed = tally.misses.total()
        for number in range(len(replies)):
            passed = tally.take(replies, number, at_once=batch.concurrency, began=began, ended=ended)
            streak.take(passed=passed)
        lacking = size - len(replies)
        if lacking and not pace.over():
            # Those that the deadline cut off, by contrast, had not had their time.
            streak.take(passed=False)
            tally.lack(lacking, answer.reason)
        if lacking or tally.misses.total() > missed:
            wait.not_yet()
            at_once = concurrency or budgets.concurrency
            if setting.gives_up(pace):
                break
            continue
        wait.judged(ended - began)
        # The distance is for a promise that is not kept.
        pace.quicken()
        if in_a_row is None:
            slow = min(reply.seconds for reply in replies) >= _WAITS
            if concurrency is None:
                # Now that they are right: each of many at a time costs both sides less than each of few.
                at_once = max(at_once, slowed_at_once(budgets, call) if slow else budgets.sample_concurrency)
            # Only what went well says how fast answers come; twice as many that only wait take no longer.
            rate = size / max(ended - began, 1e-3) * (at_once / batch.concurrency if slow else 1)
            goal = max(row, min(streak.steady(), row + int(budgets.steady * rate)))
    held = streak.run >= goal
    expected = f"{check.description}, {row} times in a row"
    if not held:
        expected += f"{' and steady' if streak.longest >= row else ''} (longest run: {streak.longest})"
    evidence = replace(
        tally.evidence("converged", call, expected, held=held, seconds=pace.passed()),
        longest_run=streak.longest,
        steady=words_of(streak.run, streak.shown(), budgets.beta) if held and in_a_row is None else "",
        waited=wait.over() if held else wait.in_vain(),
    )
    setting.record(evidence)
    if not held:
        limit = setting.limit(within, pace)
        said = f"not converged within {limit:g} s ({tally.calls} calls){_nearly(streak, row)}"
        raise NotConverged(said, evidence)
    return evidence


def _nearly(streak: Streak, row: int) -> str:
    """Return what broke a run off that was long enough and not steady yet; empty when there was none."""
    if streak.longest < row:
        return ""
    then = "then a miss" if streak.lost >= row else "the deadline before they were steady"
    return f": {row} in a row came, and {then}"


def _size(lacked: int, at_once: int, *, one_round: bool) -> int:
    """Return how many calls the next batch has, in whole rounds of calls at the same time."""
    rounds = 1 if one_round else max(1, _AT_MOST // at_once)
    return min(lacked, rounds * at_once, _AT_MOST)


def slowed_at_once(budgets: Budgets, call: Call) -> int:
    """Return how many calls that are slow on purpose may be under way: what they cost must not slow them."""
    # A channel of gRPC takes many times as long to make as a connection of HTTP.
    dear = call.protocol is Protocol.GRPC
    return max(1, budgets.timed_concurrency // 5) if dear else budgets.timed_concurrency
