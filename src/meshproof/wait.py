"""Waiting on a condition, with a deadline; the one place where the engine lets time pass."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

from meshproof.errors import MeshproofError

EVERY_SECONDS = 0.2
T = TypeVar("T")


class TimedOut(MeshproofError):
    """A condition did not come true in time."""


def until(  # noqa: PLR0913 - what, how long, and how it is said
    condition: Callable[[], T | None],
    seconds: float,
    what: str,
    next_step: str,
    every: float = EVERY_SECONDS,
    *,
    waited: Callable[[float, float], object] | None = None,
) -> T:
    """Ask again and again until the condition gives something that is true, and return it.

    Args:
        condition: returns the awaited value, or None or another false value for not yet.
        seconds: the deadline.
        what: the awaited condition, for the message (`the node is ready`).
        next_step: what the user does when it does not come true.
        every: seconds between two questions.
        waited: told the seconds that were waited, and how many of them at most after the condition was
            already true: since the last time that it was not.

    Raises:
        TimedOut: the deadline passed.
    """
    began = no = time.monotonic()
    note = waited or (lambda _seconds, _late: None)
    pause = threading.Event()
    while True:
        if value := condition():
            now = time.monotonic()
            note(now - began, now - no)
            return value
        no = time.monotonic()
        if no >= began + seconds:
            note(no - began, 0.0)
            raise TimedOut(f"{what}: not within {seconds:.0f} s", next_step)
        pause.wait(every)
