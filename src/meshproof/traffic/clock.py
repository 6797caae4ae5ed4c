"""Time as expectations see it, so that tests can hand them another one."""

import math
import time
from typing import Protocol


class Clock(Protocol):
    """Tells the time and lets it pass."""

    def now(self) -> float:
        """Return seconds since some fixed moment."""

    def wait(self, seconds: float) -> None:
        """Return after so many seconds."""


class SystemClock:
    """This machine's monotonic clock."""

    def now(self) -> float:
        """Return seconds since some fixed moment."""
        return time.monotonic()

    def wait(self, seconds: float) -> None:
        """Return after so many seconds."""
        time.sleep(seconds)


class Pace:
    """Keeps distance between the starts of questions, a growing one, within a deadline.

    Args:
        clock: the time.
        within: seconds from now to the deadline.
        first: seconds between the first two starts.
        longest: seconds up to which the distance grows.
        growth: factor from one distance to the next.
    """

    def __init__(self, clock: Clock, *, within: float, first: float, longest: float, growth: float) -> None:
        self._clock = clock
        self._started = clock.now()
        self._end = self._started + within
        self._first, self._gap, self._longest, self._growth = first, first, longest, growth
        self._last: float | None = None

    def next(self) -> bool:
        """Wait until the next question may be asked; return False when the deadline comes first."""
        return self._distance(self._end) < self._end

    def pause(self) -> None:
        """Wait until the next question may be asked, whether the deadline comes first or not."""
        self._distance(math.inf)

    def _distance(self, end: float) -> float:
        """Wait for the distance from the last question, or until the end; return the time."""
        if self._last is not None:
            due = min(self._last + self._gap, end)
            self._gap = min(self._gap * self._growth, self._longest)
            # Asked once: it goes on between two looks, and nobody can wait for less than nothing.
            left = due - self._clock.now()
            if left > 0:
                self._clock.wait(left)
        self._last = self._clock.now()
        return self._last

    def quicken(self) -> None:
        """Begin again with the first distance: there is something to be seen now."""
        self._gap = self._first

    def left(self) -> float:
        """Return the seconds until the deadline; never less than a tenth, for a question that was begun."""
        return max(self._end - self._clock.now(), 0.1)

    def over(self) -> bool:
        """Return whether the deadline has come."""
        return self._clock.now() >= self._end

    def passed(self) -> float:
        """Return the seconds since the start."""
        return self._clock.now() - self._started
