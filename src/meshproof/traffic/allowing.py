"""Calls of which only so many are let in, however long they take: an allowance."""

import secrets
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from itertools import cycle

from meshproof.traffic.call import Batch, Call
from meshproof.traffic.evidence import Evidence
from meshproof.traffic.misses import AllowanceMissed
from meshproof.traffic.rounds import Crowding, Round, Rounds, judge_one_more
from meshproof.traffic.setting import Setting


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
    called = " and ".join(map(str, calls))
    rounds = Rounds("allowance", called, f"{size} calls with the same {per}", expected, AllowanceMissed)
    return judge_one_more(setting, rounds, pace, partial(_used_up, setting, calls, per, expected))


def _used_up(setting: Setting, calls: Sequence[Call], per: str, expected: Crowding, deadline: float) -> Round:
    """Send all calls of one round, by turns."""
    seen = Round()
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
