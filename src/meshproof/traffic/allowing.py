"""Calls of which only so many are let in, however long they take: an allowance."""

import secrets
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import cycle

from meshproof.traffic.call import Batch, Call
from meshproof.traffic.crowding import LET_IN, REFUSED, Crowding
from meshproof.traffic.evidence import Evidence, ranked
from meshproof.traffic.misses import AllowanceMissed
from meshproof.traffic.reply import Reply
from meshproof.traffic.setting import LEFT_ALONE, NOTHING_YET, Setting
from meshproof.traffic.waiting import Wait


@dataclass
class _Round:
    """What became of the calls of one round."""

    calls: int = 0
    answers: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    last: str = NOTHING_YET

    def take(self, replies: Sequence[Reply], sent: int, expected: Crowding) -> None:
        """Count the replies to so many calls."""
        self.calls += len(replies)
        self.answers += sum(reply.answered for reply in replies)
        self.kinds.update(expected.kind(reply) for reply in replies)
        if len(replies) < sent:
            self.kinds[LEFT_ALONE] += sent - len(replies)
        if replies:
            self.last = str(replies[-1])


def allow(setting: Setting, calls: Sequence[Call], per: str, expected: Crowding) -> Evidence:
    """Use up allowances, a new one each time, until one is as it should be; then judge one more.

    Args:
        setting: budgets, time, and where evidence goes.
        calls: made by turns, of several callers by one after the other, until the allowance is used up and as
            many more calls were made as the table says.
        per: name of the header by whose value allowances are kept: each round has a value of its own.
        expected: what should become of the calls.

    Raises:
        AllowanceMissed: no allowance was so within the deadline, or the one that is judged was not.
    """
    __tracebackhide__ = True
    budgets = setting.budgets
    size = expected.most + budgets.beyond
    turns = -(-size // budgets.concurrency)
    pace = setting.pace(budgets.converge, first=turns * budgets.first_pause)
    wait = Wait(setting.clock)
    seen = _Round()
    first_pass: float | None = None
    held = False
    while not held and not (not first_pass and setting.gives_up(pace)) and pace.next():
        began = setting.clock.now()
        seen = _used_up(
            setting, calls, per, expected, pace.left() if first_pass is None else budgets.converge
        )
        ended = setting.clock.now()
        if expected.met(seen.kinds):
            wait.judged(ended - began)
            held, first_pass = first_pass is not None, first_pass or ended
        elif first_pass is not None:
            break
        else:
            wait.not_yet()
    evidence = Evidence(
        promise="allowance",
        held=held,
        call=" and ".join(map(str, calls)),
        expected=f"of {size} calls with the same {per} {expected}",
        calls=seen.calls,
        seconds=pace.passed(),
        last=seen.last,
        seen=ranked(seen.kinds),
        passes=seen.kinds[LET_IN] + seen.kinds[REFUSED],
        answers=seen.answers,
        first_pass=first_pass,
        waited=wait.over() if held else wait.in_vain(),
    )
    setting.record(evidence)
    if not held:
        kinds = ", ".join(f"{count} {kind}" for kind, count in evidence.seen) or NOTHING_YET
        raise AllowanceMissed(f"of {size} calls with the same {per}: {kinds}", evidence)
    return evidence


def _used_up(
    setting: Setting, calls: Sequence[Call], per: str, expected: Crowding, deadline: float
) -> _Round:
    """Send all calls of one round, by turns."""
    seen = _Round()
    value = secrets.token_hex(8)
    left = expected.most + setting.budgets.beyond
    for call in cycle(calls):
        count = min(setting.budgets.concurrency, left)
        batch = Batch(count, count, deadline, new_connections=True)
        marked = replace(call, headers=(*call.headers, (per, value)))
        seen.take(call.sender.send(marked, batch).replies, count, expected)
        left -= count
        if not left:
            break
    return seen
