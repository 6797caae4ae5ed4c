"""Many questions at once, with one deadline; who does not answer in time is left behind."""

import queue
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from meshproof.errors import MeshproofError

AT_ONCE = 8
_SHOWN = 300


class Gatherer:
    """Asks until a deadline, and remembers what did not come.

    Args:
        seconds: for everything together.
        now: the time; told by the tests.
    """

    def __init__(self, seconds: float, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._end = now() + seconds
        self.missing: dict[str, str] = {}

    def left(self) -> float:
        """Return the seconds until the deadline, never less than 0."""
        return max(0.0, self._end - self._now())

    def ask(self, questions: Mapping[str, Callable[[], Any]]) -> dict[str, Any]:
        """Return the answers by name; what broke or came too late is in `missing`, with its reason."""
        done: queue.SimpleQueue[tuple[str, Any, str]] = queue.SimpleQueue()
        todo = queue.SimpleQueue[tuple[str, Callable[[], Any]]]()
        for question in questions.items():
            todo.put(question)
        for _ in range(min(AT_ONCE, len(questions))):
            # Daemons: one that hangs must not keep the run from its end.
            threading.Thread(target=self._work, args=(todo, done), name="diagnose", daemon=True).start()
        found: dict[str, Any] = {}
        unanswered = set(questions)
        while unanswered:
            try:
                name, answer, flaw = done.get(timeout=self.left())
            except queue.Empty:
                break
            unanswered.discard(name)
            if flaw:
                self.missing[name] = flaw
            else:
                found[name] = answer
        self.missing |= dict.fromkeys(unanswered, "no answer before the deadline")
        return found

    def _work(
        self,
        todo: "queue.SimpleQueue[tuple[str, Callable[[], Any]]]",
        done: "queue.SimpleQueue[tuple[str, Any, str]]",
    ) -> None:
        while self.left():
            try:
                name, question = todo.get_nowait()
            except queue.Empty:
                return
            try:
                done.put((name, question(), ""))
            except Exception as error:  # noqa: BLE001 - whatever breaks here must not reach the verdict
                done.put((name, None, reason_of(error)))


def reason_of(error: Exception) -> str:
    """Return one line that says why something could not be had."""
    text = error.what if isinstance(error, MeshproofError) else f"{type(error).__name__}: {error}"
    return " ".join(text.split())[:_SHOWN]
