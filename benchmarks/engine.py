"""The engine itself: how soon it begins, how much memory it holds, how soon its report is there."""

import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.memory import KIB
from meshproof.paths import paths
from meshproof.process import Stopwatch

BEHAVIOURS = 500
_LOOKS_A_SECOND = 5


def start_up() -> float:
    """Seconds that pytest takes longer to collect the suites with the plugin than without it.

    Both collect the same modules and run none. Plain pytest gets a copy without the house's conftest.py,
    which is the plugin's: it provides what the fixtures stand on. What other plugins take, both take.
    """
    house = paths().house
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(house / "suites", Path(folder) / "suites")
        (Path(folder) / "pytest.ini").write_text("[pytest]\nmarkers = behaviour: not read here\n")
        plain = _collected(Path(folder), "-p", "no:meshproof")
        return _collected(house) - plain


def _collected(house: Path, *words: str) -> float:
    # Not --collect-only: what takes charge of verdicts is loaded once tests are to run.
    command = [sys.executable, "-m", "pytest", "-q", "-k", "nothing_has_this_name", *words, "suites"]
    watch = Stopwatch()
    ended = subprocess.run(command, cwd=house, check=False, capture_output=True, text=True)
    seconds = watch.seconds
    if "deselected" not in ended.stdout:
        raise RuntimeError(f"{' '.join(command)} collected nothing: {ended.stdout}{ended.stderr}")
    return seconds


def report_of_many() -> float:
    """Seconds from starting Python to the report of 500 behaviours on the disk."""
    with tempfile.TemporaryDirectory() as folder:
        words = [sys.executable, "-m", "benchmarks.many", folder, str(BEHAVIOURS)]
        subprocess.run([*words, "results"], cwd=paths().house, check=True)
        watch = Stopwatch()
        subprocess.run([*words, "report"], cwd=paths().house, check=True)
        return watch.seconds


def peak_of_run(run: Callable[[], object]) -> int:
    """Largest peak of resident memory, in bytes, of the pytest processes that this process brings forth.

    Args:
        run: runs the suites to their end.
    """
    over = threading.Event()
    peaks: dict[int, int] = {}

    def watch() -> None:
        while not over.wait(1 / _LOOKS_A_SECOND):
            for pid in _descendants(os.getpid()):
                # The kernel keeps the peak itself, so that a look now and then is enough.
                peaks[pid] = max(peaks.get(pid, 0), _peak(pid))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        run()
    finally:
        over.set()
        watcher.join()
    return max(peaks.values(), default=0)


def _descendants(pid: int) -> Sequence[int]:
    try:
        threads = list(Path(f"/proc/{pid}/task").iterdir())
        children = [int(child) for thread in threads for child in (thread / "children").read_text().split()]
    except OSError:
        # It ended while it was looked at.
        return ()
    return [*children, *(found for child in children for found in _descendants(child))]


def _peak(pid: int) -> int:
    """Peak resident memory of a process that is pytest, in bytes; 0 of any other."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    if b"pytest" not in words:
        return 0
    return next((int(line.split()[1]) * KIB for line in status.splitlines() if line.startswith("VmHWM:")), 0)
