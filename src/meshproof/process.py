"""Starting other programs: output kept in a log, causes told in a sentence, nothing left running."""

import contextlib
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

from meshproof.errors import MeshproofError

GRACE_SECONDS = 10.0
FINISH_SECONDS = 30.0
TAIL_LINES = 15
DISK_FULL = "no space left on device"
# A run removes its namespace before it ends.
ORDERLY_SECONDS = 90.0

# Each running program, and whether what it started may finish.
_running: dict[subprocess.Popen[bytes], bool] = {}
_lock = threading.Lock()
_stopping = threading.Event()


class CommandFailed(MeshproofError):
    """A program ended with an exit code other than 0.

    Args:
        what: the clause for the user.
        next_step: the clause for the user.
        output: the last lines that the program wrote.
    """

    def __init__(self, what: str, next_step: str, output: str) -> None:
        super().__init__(what, next_step)
        self.output = output


def find(program: str) -> str | None:
    """The full path of a program, or None."""
    return shutil.which(program)


def run(  # noqa: PLR0913 -- each is a property of one start, and none goes without the others
    command: Sequence[str | os.PathLike[str]],
    *,
    log: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdin: bytes | None = None,
    seconds: float | None = None,
    orderly: bool = False,
) -> str:
    """Run a program to its end and return its standard output.

    Args:
        command: program and arguments; no shell takes part.
        log: with a log, both outputs go there and the returned text is empty.
        env: added to this process's environment.
        stdin: bytes for standard input, which is empty otherwise.
        seconds: the bound after which the program is ended.
        orderly: whether, when it must be ended, what it started may first finish. An engine that is killed
            while it starts a container leaves its network rules behind, and those catch the next one's calls.

    Raises:
        CommandFailed: the exit code was not 0, the bound passed, or the program is not there.
    """
    words = [os.fspath(word) for word in command]
    shown = " ".join(words[:3])
    if not find(words[0]):
        raise CommandFailed(f"the program {words[0]} is not on this machine", "install it and run again", "")
    sink = log.open("ab") if log else None
    try:
        with _started(words, env, sink, has_input=stdin is not None, orderly=orderly) as process:
            try:
                out, err = process.communicate(stdin, timeout=seconds)
            except subprocess.TimeoutExpired:
                stop(process)
                raise CommandFailed(
                    f"`{shown}` did not end within {seconds:.0f} s",
                    "look at the machine's load and run again",
                    "",
                ) from None
    finally:
        if sink:
            sink.close()
    if _stopping.is_set():
        raise KeyboardInterrupt
    if process.returncode == 0:
        return (out or b"").decode(errors="replace")
    text = tail(log) if log else (err or b"").decode(errors="replace").strip()
    last = text.splitlines()[-1] if text else f"exit code {process.returncode}"
    if DISK_FULL in text.lower():
        raise CommandFailed(f"the disk is full: `{shown}` failed", "free some space and run again", text)
    where = f"read {log}" if log else "mend that and run again"
    raise CommandFailed(f"`{shown}` failed: {last}", where, text)


def _with_parent() -> list[str]:
    # A program that outlived a killed meshproof would get in the way of the next one, which repairs.
    return ["setpriv", "--pdeathsig", "TERM", "--"] if find("setpriv") else []


@contextlib.contextmanager
def _started(
    words: list[str],
    env: Mapping[str, str] | None,
    sink: IO[bytes] | None,
    *,
    has_input: bool,
    orderly: bool,
) -> Iterator[subprocess.Popen[bytes]]:
    # A session of its own: Ctrl-C reaches this process alone, which then ends its children in order.
    process = subprocess.Popen(
        [*_with_parent(), *words],
        stdin=subprocess.PIPE if has_input else subprocess.DEVNULL,
        stdout=sink or subprocess.PIPE,
        stderr=subprocess.STDOUT if sink else subprocess.PIPE,
        env={**os.environ, **(env or {})},
        start_new_session=True,
    )
    with _lock:
        _running[process] = orderly
    try:
        yield process
    except BaseException:
        stop(process, orderly=orderly)
        raise
    finally:
        with _lock:
            _running.pop(process, None)
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe:
                pipe.close()


def attach(command: Sequence[str | os.PathLike[str]]) -> int:
    """Run a program on this terminal and return its exit code.

    An interrupt is passed on once, and the program is given the time to put its own things in order.
    """
    process = subprocess.Popen([os.fspath(word) for word in command], start_new_session=True)
    try:
        return process.wait()
    except KeyboardInterrupt:
        process.send_signal(signal.SIGINT)
        try:
            return process.wait(ORDERLY_SECONDS)
        except (subprocess.TimeoutExpired, KeyboardInterrupt):
            stop(process)
            raise KeyboardInterrupt from None


def stop(process: subprocess.Popen[bytes], *, orderly: bool = False) -> None:
    """End a program and all that it started: first asked, after a grace period forced.

    Args:
        process: leads a group of its own.
        orderly: ask the program alone, and give what it started time to finish.
    """
    if orderly:
        process.terminate()
        process.wait()
        _wait_for_group(process.pid)
    elif process.poll() is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _wait_for_group(group: int) -> None:
    deadline = time.monotonic() + FINISH_SECONDS
    pause = threading.Event()
    while time.monotonic() < deadline:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return
        pause.wait(0.1)


def stop_all() -> None:
    """End every program that is still running; `run` in other threads then raises KeyboardInterrupt."""
    _stopping.set()
    with _lock:
        processes = list(_running.items())
    for process, orderly in processes:
        stop(process, orderly=orderly)


def tail(path: Path, lines: int = TAIL_LINES) -> str:
    """The last lines of a text file, or an empty text when there is none."""
    if not path.exists():
        return ""
    return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])


class Stopwatch:
    """Seconds since it was made."""

    def __init__(self) -> None:
        self._start = time.monotonic()

    @property
    def seconds(self) -> float:
        """Seconds since it was made."""
        return time.monotonic() - self._start
