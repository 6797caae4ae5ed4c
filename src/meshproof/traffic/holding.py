"""What holds for a stated time: always, or never."""

from collections import Counter

from meshproof.traffic.call import Batch, Call
from meshproof.traffic.checks import Check
from meshproof.traffic.evidence import Evidence, ranked
from meshproof.traffic.misses import NotKept
from meshproof.traffic.moments import back_at
from meshproof.traffic.reply import SILENT, Reply
from meshproof.traffic.setting import LEFT_ALONE, NOTHING_YET, Setting


def hold(
    setting: Setting, call: Call, check: Check, *, promise: str, seconds: float | None = None
) -> Evidence:
    """Send for so many seconds; the first reply that misses the check ends it.

    Args:
        setting: budgets, time, and where evidence goes.
        call: sent again and again, each time by a connection of its own.
        check: of each reply.
        promise: the word for it in the evidence.
        seconds: how long; the table's `hold` when left out.

    Raises:
        NotKept: a reply missed, or a call was left without one.
    """
    __tracebackhide__ = True
    budgets = setting.budgets
    seconds = budgets.hold if seconds is None else seconds
    batch = Batch(budgets.in_a_row, budgets.concurrency, budgets.converge, new_connections=True)
    misses: Counter[str] = Counter()
    calls = passes = answers = 0
    last = NOTHING_YET
    first_pass = None
    pace = setting.pace(seconds)
    while not misses and pace.next():
        began = setting.clock.now()
        answer = call.sender.send(call, batch)
        ended = setting.clock.now()
        for number, reply in enumerate(answer.replies):
            calls += 1
            answers += reply.answered
            reason = check(reply)
            last = f"as expected: {reply}" if reason is None else reason
            if reason is not None:
                misses[reply.without_pod(reason)] += 1
                break
            passes += 1
            if first_pass is None:
                at_once = batch.concurrency
                first_pass = back_at(answer.replies, number, at_once=at_once, began=began, ended=ended)
        if not misses and len(answer.replies) < batch.count:
            last = answer.reason or LEFT_ALONE
            misses[last] += batch.count - len(answer.replies)
    evidence = Evidence(
        promise=promise,
        held=not misses,
        call=str(call),
        expected=f"{check.description}, for {seconds:g} s",
        calls=calls,
        seconds=pace.passed(),
        last=last,
        seen=ranked(misses),
        passes=passes,
        answers=answers,
        first_pass=first_pass,
    )
    setting.record(evidence)
    if misses:
        raise NotKept(f"held for {evidence.seconds:.1f} s of {seconds:g} s ({calls} calls)", evidence)
    return evidence


def opposite(check: Check) -> Check:
    """Return the check that nothing may pass; a call that nobody answered or turned away passes neither."""

    def judge(reply: Reply) -> str | None:
        if reply.failure is not None and reply.failure.kind in SILENT:
            return f"{reply}, which proves nothing"
        return None if check(reply) else f"{reply}: {check.description}"

    return Check(f"never {check.description}", judge)
