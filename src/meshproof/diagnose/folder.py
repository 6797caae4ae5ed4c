"""Where a diagnosis is kept: a folder that cannot grow beyond its share, with credentials taken out."""

import fcntl
import json
import os
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from meshproof.redact import redact, redact_document

FAILURES = 10
"""Of one run that are diagnosed; the rest say so."""

RUN_BYTES = 20 * 1000 * 1000
FOLDER_BYTES = RUN_BYTES // FAILURES
"""Bytes of one failure, so that no worker needs to know what the others have written."""

FILE_BYTES = 200 * 1000
SUMMARY_BYTES = 40 * 1000
"""Kept free for the summary, which comes last."""

DIAGNOSTICS = "diagnostics"


@dataclass(frozen=True)
class Written:
    """One file, and how many bytes of it were left out."""

    name: str
    left_out: int


def claim(output: Path, behaviour: str) -> Path | None:
    """Make the next folder of a behaviour, or return None when the run has as many as it may have.

    Args:
        output: the run's output folder, which several workers share.
        behaviour: its id.
    """
    folder = output / DIAGNOSTICS
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder):
        taken = [entry.name for entry in folder.iterdir() if entry.is_dir()]
        if len(taken) >= FAILURES:
            return None
        number = 1 + sum(name.rpartition("-")[0] == behaviour for name in taken)
        mine = folder / f"{behaviour}-{number}"
        mine.mkdir()
        return mine


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    # The folder itself is locked: no file is left behind, and the lock goes with whoever dies.
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


class Folder:
    """Writes the files of one diagnosis. Safe to use from several threads.

    Args:
        path: an empty folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._left = FOLDER_BYTES - SUMMARY_BYTES
        self._lock = threading.Lock()
        self._known: tuple[str, ...] = ()
        self._written: list[Written] = []
        self._open = True

    def knows(self, secrets: Iterable[str]) -> None:
        """Hide these texts, too, in everything that is written from now on."""
        self._known = tuple(secrets)

    def hidden(self, text: str) -> str:
        """Return the text as it may be written."""
        return redact(text, self._known)

    @property
    def written(self) -> tuple[Written, ...]:
        """The files so far, by name."""
        with self._lock:
            return tuple(sorted(self._written, key=lambda one: one.name))

    def text(self, name: str, text: str, *, end: bool = False) -> None:
        """Write a text; what is too long is cut, and the file says so.

        Args:
            name: of the file.
            text: before anything is hidden in it.
            end: keep its end, as of a log, and not its beginning.
        """
        data = self.hidden(text).encode()
        with self._lock:
            if not self._open:
                return
            room = min(FILE_BYTES, self._left)
            kept, left_out = _cut(data, room, end=end)
            self._left -= len(kept)
            self._written.append(Written(name, left_out))
            (self.path / name).write_bytes(kept)

    def document(self, name: str, document: Any) -> None:
        """Write a JSON document."""
        self.text(name, json.dumps(redact_document(document, self._known), indent=1) + "\n")

    def close(self, summary: str) -> None:
        """Write the summary; whatever else comes now comes too late."""
        with self._lock:
            self._open = False
        data, _ = _cut(self.hidden(summary).encode(), SUMMARY_BYTES, end=False)
        (self.path / "summary.txt").write_bytes(data)


def _cut(data: bytes, room: int, *, end: bool) -> tuple[bytes, int]:
    """Return what fits into the room with a line that says what does not, and how many bytes that is."""
    if len(data) <= room:
        return data, 0
    note = "[cut: the {} {} of {} bytes are left out]\n"
    longest = 1 + len(note) + 2 * len(str(len(data)))
    keep = max(0, room - longest)
    said = note.format("first" if end else "last", len(data) - keep, len(data)).encode()[:room]
    kept = data[len(data) - keep :] if end else data[:keep]
    # A character may have been cut in two.
    kept = kept.decode("utf-8", "ignore").encode()
    return (said + kept if end else kept + b"\n"[: room - keep] + said)[:room], len(data) - keep
