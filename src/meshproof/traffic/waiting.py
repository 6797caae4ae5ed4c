"""How long the engine waits, and how much of that after what it waits for was already true.

Whoever waits looks again and again. Between the last look that said no and the first that said yes it became
true; nobody knows when. So everything from that no on counts as waiting after it was already true: the pause
before the look that found it, counted fully, the look itself, and whatever else passes until one goes on. It
is an upper bound.

What counts is one rule, for expectations, for manifests and for the proxies alike:

- Evidence is no waiting: replies that are judged and could have been a miss. The run of right answers, the
  sample, the look of `eventually` that passes, and what must hold for a stated time with all of its pauses.
- Everything else is waiting: looks that said no, pauses, and looks that only confirm what was seen.
- A condition that did not come true was never already true: the wait for it counts, and none of it as late.
"""

from dataclasses import dataclass
from typing import Self

from meshproof.traffic.clock import Clock


@dataclass(frozen=True, slots=True)
class Waited:
    """Seconds that were waited.

    Args:
        seconds: in all.
        late: at most so many of them passed after what was waited for was already true.
    """

    seconds: float = 0.0
    late: float = 0.0

    def __add__(self, other: Self) -> Self:
        """Return both together."""
        return type(self)(self.seconds + other.seconds, self.late + other.late)


NOT_AT_ALL = Waited()


class Wait:
    """One wait, from the first look on.

    Args:
        clock: the time.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._began = self._since = clock.now()
        self._judged = 0.0

    def not_yet(self, at: float | None = None) -> None:
        """Take note that it was not true: now, or when that was seen. What was judged before proves nothing.

        Args:
            at: the clock's seconds of the look that says so, when that was not the last one.
        """
        self._since = self._clock.now() if at is None else at
        self._judged = 0.0

    def judged(self, seconds: float) -> None:
        """Take note that so many seconds gave evidence, unless a miss comes after them."""
        self._judged += seconds

    def over(self) -> Waited:
        """Return what was waited until now, when one goes on because it is true."""
        now = self._clock.now()
        # Sums of many small numbers may be off by their last figure.
        late = max(0.0, now - self._since - self._judged)
        return Waited(max(late, now - self._began - self._judged), late)

    def in_vain(self) -> Waited:
        """Return what was waited until now, when one gives up."""
        return Waited(self._clock.now() - self._began)
