"""Starting other programs: output kept in a log, causes told in a sentence, nothing left running."""

import contextlib
import fcntl
import os
import shutil
import signal
import subprocess
import tempfile
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
SCRATCH = "meshproof-scratch-"

# Each running program, and whether what it started may finish.
_running: dict[subprocess.Popen[bytes], bool] = {}
_lock = threading.Lock()
# This process's folder for temporary files, and the descriptor that keeps it.
_held: list[tuple[Path, int]] = []
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
    last = text.splitlines()[-1] if text else _ending(process.returncode)
    if DISK_FULL in text.lower():
        raise CommandFailed(f"the disk is full: `{shown}` failed", "free some space and run again", text)
    where = f"read {log}" if log else "mend that and run again"
    raise CommandFailed(f"`{shown}` failed: {last}", where, text)


def _ending(code: int) -> str:
    return f"it was ended by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


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

    An interrupt is passed on once, and the program is given the time to put its own things in order; so it is
    when this process is killed. What outlives the program, because it was killed itself, is ended.
    """
    with scratch() as (folder, lock):
        process = subprocess.Popen(
            [*_with_parent(), *(os.fspath(word) for word in command)],
            env={**os.environ, "TMPDIR": str(folder)},
            pass_fds=[lock],
            start_new_session=True,
        )
        return _attended(process)


def _attended(process: subprocess.Popen[bytes]) -> int:
    try:
        return process.wait()
    except KeyboardInterrupt:
        # Not SIGINT: what a shell starts in the background is deaf to it, and so is all that this starts.
        process.terminate()
        try:
            return process.wait(ORDERLY_SECONDS)
        except (subprocess.TimeoutExpired, KeyboardInterrupt):
            stop(process)
            raise KeyboardInterrupt from None
    finally:
        _end_rest(process.pid)


@contextlib.contextmanager
def scratch() -> Iterator[tuple[Path, int]]:
    """Give this process and what it attaches a folder for temporary files, in which clients leave keys.

    Yields the folder and a descriptor; as long as anybody has the descriptor open, the folder is in use.
    """
    if _held:
        yield _held[0]
        return
    before = tempfile.tempdir
    folder = Path(tempfile.mkdtemp(prefix=SCRATCH))
    lock = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _held.append((folder, lock))
        tempfile.tempdir = str(folder)
        yield folder, lock
    finally:
        tempfile.tempdir = before
        _held.clear()
        os.close(lock)
        shutil.rmtree(folder, ignore_errors=True)


def remove_scratch() -> list[Path]:
    """Remove the folders for temporary files that killed processes have left; name them."""
    removed = []
    # Beside this process's own, where it has one.
    around = _held[0][0].parent if _held else Path(tempfile.gettempdir())
    for folder in sorted(around.glob(f"{SCRATCH}*")):
        try:
            lock = os.open(folder, os.O_RDONLY)
        except OSError:
            continue  # gone meanwhile, or another user's
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue
        else:
            shutil.rmtree(folder, ignore_errors=True)
            removed.append(folder)
        finally:
            os.close(lock)
    return removed


def _end_rest(group: int) -> None:
    """End what is left of a group whose leader has ended: first asked, then forced."""
    for number, seconds in ((signal.SIGTERM, FINISH_SECONDS), (signal.SIGKILL, GRACE_SECONDS)):
        try:
            os.killpg(group, number)
        except ProcessLookupError:
            return
        _wait_for_group(group, seconds)


def stop(process: subprocess.Popen[bytes], *, orderly: bool = False) -> None:
    """End a program and all that it started: first asked, after a grace period forced.

    Args:
        process: leads a group of its own.
        orderly: ask the program alone, and give what it started time to finish.
    """
    if orderly:
        process.terminate()
        process.wait()
        _wait_for_group(process.pid, FINISH_SECONDS)
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


def _wait_for_group(group: int, seconds: float) -> None:
    deadline = time.monotonic() + seconds
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
