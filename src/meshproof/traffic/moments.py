"""When a reply of a batch was back: a probe hands over all of them together."""

import heapq
from collections.abc import Sequence

from meshproof.traffic.reply import Reply


def back_at(replies: Sequence[Reply], number: int, *, at_once: int, began: float, ended: float) -> float:
    """Return the clock's seconds when one reply of a batch was back, at the latest.

    Calls start in their order, each as soon as one of those under way has ended. So it is known how long
    before the end of all calls each one ended; the way back of the answer is not, and counts as theirs.

    Args:
        replies: of the batch, in the order of its calls.
        number: of the reply, from 0.
        at_once: calls under way at the same time.
        began: the clock's seconds when the batch was sent.
        ended: the clock's seconds when its answer was there.
    """
    free = [0.0] * at_once
    ends = []
    for reply in replies:
        ends.append(free[0] + reply.seconds)
        heapq.heapreplace(free, ends[-1])
    return max(began, ended - (max(ends) - ends[number]))
