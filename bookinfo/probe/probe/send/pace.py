"""A steady pace: so many calls per second, evenly spaced."""

import asyncio

TIMERS_LATE = 0.005
"""Seconds by which a timer may be late without being a stall; they count in milliseconds."""


class Pace:
    """Lets callers through one by one at a steady rate.

    A stall is not made up for: calls that could not be sent in their time would arrive as a burst, and a
    burst is what a rate is asked for to avoid.

    Args:
        rate: calls per second; 0 lets everybody through at once.
    """

    def __init__(self, rate: float) -> None:
        self._interval = 1 / rate if rate else 0.0
        self._next = 0.0
        self._first = asyncio.Lock()

    async def turn(self) -> None:
        """Return when it is the caller's turn."""
        if not self._interval:
            return
        loop = asyncio.get_running_loop()
        async with self._first:
            wait = self._next - loop.time()
            if wait > 0:
                await asyncio.sleep(wait)
            now = loop.time()
            # From when it should have been, so that late timers do not add up; from now after a stall.
            late = now - self._next > max(self._interval, TIMERS_LATE)
            self._next = (now if late else self._next) + self._interval
