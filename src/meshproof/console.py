"""What a person sees while meshproof works: aloud, in order, with times."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Self

from rich.console import Console

from meshproof.process import Stopwatch

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)
_phases: list[str] = []


def current_phase() -> str:
    """The phase that is going on, or that failed; empty when none is."""
    return _phases[-1] if _phases else ""


def say(text: str) -> None:
    """One line for the user."""
    out.print(text, markup=False)


@contextmanager
def phase(name: str, times: dict[str, float] | None = None) -> Iterator[None]:
    """Announce a phase, and its seconds when it is over; a phase that fails says so by its error.

    Args:
        name: what is being done, as the user would say it.
        times: where the seconds are kept under the phase's name, for the benchmark.
    """
    watch = Stopwatch()
    say(f"... {name}")
    _phases.append(name)
    yield
    # Not in a `finally`: whoever reports the error asks which phase it was.
    _phases.remove(name)
    if times is not None:
        times[name] = watch.seconds
    say(f"ok  {name} ({watch.seconds:.1f} s)")


class Heartbeat:
    """Says every so often what is still going on, so that a long step never looks like a hang.

    Args:
        describe: returns the line to say.
        every: seconds between two lines.
    """

    def __init__(self, describe: Callable[[], str], every: float = 30.0) -> None:
        self._describe = describe
        self._every = every
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _beat(self) -> None:
        while not self._over.wait(self._every):
            say(self._describe())
