"""What holds for a stated time: always, or never."""

from meshproof.traffic.call import Batch, Call
from meshproof.traffic.checks import Check
from meshproof.traffic.evidence import Evidence
from meshproof.traffic.misses import NotKept
from meshproof.traffic.reply import SILENT, Reply
from meshproof.traffic.setting import Setting
from meshproof.traffic.tally import Tally


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
    tally = Tally(check)
    pace = setting.pace(seconds)
    while not tally.misses and pace.next():
        began = setting.clock.now()
        answer = call.sender.send(call, batch)
        ended = setting.clock.now()
        replies, at_once = answer.replies, batch.concurrency
        for number in range(len(replies)):
            if not tally.take(replies, number, at_once=at_once, began=began, ended=ended):
                break
        if not tally.misses and len(replies) < batch.count:
            tally.lack(batch.count - len(replies), answer.reason)
    expected = f"{check.description}, for {seconds:g} s"
    evidence = tally.evidence(promise, call, expected, held=not tally.misses, seconds=pace.passed())
    setting.record(evidence)
    if tally.misses:
        raise NotKept(f"held for {evidence.seconds:.1f} s of {seconds:g} s ({tally.calls} calls)", evidence)
    return evidence


def opposite(check: Check) -> Check:
    """Return the check that nothing may pass; a call that nobody answered or turned away passes neither."""

    def judge(reply: Reply) -> str | None:
        if reply.failure is not None and reply.failure.kind in SILENT:
            return f"{reply}, which proves nothing"
        return None if check(reply) else f"{reply}: {check.description}"

    return Check(f"never {check.description}", judge)
