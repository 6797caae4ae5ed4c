"""Calls made at the same time, of which only so many are let in."""

from meshproof.traffic.call import Batch, Call
from meshproof.traffic.evidence import Evidence
from meshproof.traffic.misses import CrowdMissed
from meshproof.traffic.rounds import Crowding, Round, Rounds, judge_one_more
from meshproof.traffic.setting import Setting


def crowd(setting: Setting, call: Call, expected: Crowding) -> Evidence:
    """Send crowds until one is treated as it should be; then judge one more.

    Args:
        setting: budgets, time, and where evidence goes.
        call: one that takes its time where it is let in, so that all of a crowd are there together.
        expected: what should become of a crowd.

    Raises:
        CrowdMissed: no crowd was treated so within the deadline, or the one that is judged was not.
    """
    __tracebackhide__ = True
    size = setting.budgets.crowd

    def send(deadline: float) -> Round:
        seen = Round()
        batch = Batch(size, size, deadline, new_connections=True)
        seen.take(call.sender.send(call, batch).replies, size, expected)
        return seen

    rounds = Rounds("crowd", str(call), f"{size} calls at the same time", expected, CrowdMissed)
    return judge_one_more(setting, rounds, setting.pace(setting.budgets.converge), send)
