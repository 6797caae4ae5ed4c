"""Calls that are judged together: what one of them tells by itself is not enough."""

from collections import Counter
from collections.abc import Callable, Sequence

from meshproof.traffic.call import Batch, Call
from meshproof.traffic.evidence import Evidence, ranked
from meshproof.traffic.misses import NotConverged
from meshproof.traffic.reply import Reply
from meshproof.traffic.setting import NOTHING_YET, Setting
from meshproof.traffic.waiting import Wait


def judge_group(
    setting: Setting, call: Call, check: Callable[[Sequence[Reply]], str | None], *, expected: str
) -> Evidence:
    """Send group after group until one is as it should be; two at least, because the first may see a change.

    Args:
        setting: budgets, time, and where evidence goes.
        call: sent as often as the table says, each time by a connection of its own; no bodies are kept.
        check: of the replies of a whole group, in the order of their calls.
        expected: in words.

    Raises:
        NotConverged: none was within the deadline.
    """
    __tracebackhide__ = True
    budgets = setting.budgets
    pace = setting.pace(budgets.converge)
    wait = Wait(setting.clock)
    misses: Counter[str] = Counter()
    calls = answers = groups = 0
    last = NOTHING_YET
    first_pass: float | None = None
    batch = Batch(budgets.group, budgets.concurrency, budgets.converge, new_connections=True, body_limit=0)
    while first_pass is None and not (groups > 1 and setting.gives_up(pace)) and pace.next():
        began = setting.clock.now()
        answer = call.sender.send(call, batch)
        ended = setting.clock.now()
        replies = answer.replies
        groups += 1
        calls += len(replies)
        answers += sum(reply.answered for reply in replies)
        reason = check(replies) if len(replies) == batch.count else answer.reason or "a group is not complete"
        last = reason or "as expected"
        if reason is None:
            wait.judged(ended - began)
            first_pass = ended
        else:
            misses[reason] += 1
            wait.not_yet()
    held = first_pass is not None
    evidence = Evidence(
        promise="group",
        held=held,
        call=str(call),
        expected=f"{expected}, of {budgets.group} calls taken together",
        calls=calls,
        seconds=pace.passed(),
        last=last,
        seen=ranked(misses),
        passes=budgets.group if held else 0,
        answers=answers,
        first_pass=first_pass,
        waited=wait.over() if held else wait.in_vain(),
    )
    setting.record(evidence)
    if not held:
        limit = setting.limit(budgets.converge, pace)
        raise NotConverged(f"not converged within {limit:g} s ({groups} groups of calls): {last}", evidence)
    return evidence
