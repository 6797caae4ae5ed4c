"""Areas proven, and their control, on a mesh that is up: how long, and how much of it was waited too long."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.table import CONTROL, PROVEN, WAITED
from meshproof.process import Stopwatch
from meshproof.results import (
    CONTROL_FOLDER,
    RESULTS_FILE,
    Results,
    Verdict,
    WaitingFound,
    read_results,
)

COMMAND = [sys.executable, "-c", "from meshproof.cli import main; main()"]
SELECTED = ("--areas", "traffic,resilience,ingress", "--workers", "2", "--shuffle")
KNOWN = ("--known-failure", "IN-06")
"""As the noxfile has it: what is known to fail is not waited for as what is not."""


def proven_and_controlled(name: str, folder: Path, words: Sequence[str] = ()) -> dict[str, float]:
    """Run the areas and their control with two workers; figure -> seconds, or a fraction.

    Args:
        name: of the demo, which is up.
        folder: for what they find; empty.
        words: what narrows the selection further.

    Raises:
        RuntimeError: one of them did not come to its end, or had an error.
    """
    proven, found = ran("run", name, folder, *SELECTED, *KNOWN, *words)
    control, _ = ran("control", name, folder, *SELECTED, *words)
    return {PROVEN: proven, WAITED: _waited(found), CONTROL: control}


def ran(verb: str, name: str, folder: Path, *words: str) -> tuple[float, Results]:
    """Run or control behaviours of a demo; return the command's seconds, and what it found.

    What failed has its time as well: that something did is for the run to say, and not for the bench.

    Raises:
        RuntimeError: it did not come to its end, or had an error: its time says nothing.
    """
    watch = Stopwatch()
    subprocess.run([*COMMAND, verb, "--name", name, "--output", str(folder), *words], check=False)
    seconds = watch.seconds
    path = (folder / CONTROL_FOLDER if verb == "control" else folder) / RESULTS_FILE
    found = read_results(path)
    errors = [test.test for test in found.tests if test.verdict is Verdict.ERROR]
    if found.interrupted or errors or not found.tests:
        raise RuntimeError(f"{path}: {found.interrupted or ', '.join(errors) or 'no test ran'}")
    return seconds, found


def _waited(found: Results) -> float:
    """Return the part of the tests' time that was waited although it was already true, as a fraction."""
    waited = WaitingFound.together(test.waited for test in found.tests)
    if waited is None:
        raise RuntimeError("the run did not measure what it waited")
    return waited.share
