"""Charts as Helm renders them; not with the unit tests, because Helm comes with the supply.

A rendering is compared with a file under golden/, so that a change of a chart shows what it changes. To write
the files anew, run these tests with MESHPROOF_GOLDEN=write, and read the difference before it is committed.
"""

import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from meshproof.paths import paths as user_paths

GOLDEN = Path(__file__).parent / "golden"
WRITE = os.environ.get("MESHPROOF_GOLDEN") == "write"


@dataclass(frozen=True)
class Chart:
    """One of our charts, in the hands of the supply's helm."""

    helm: Path
    folder: Path

    def _run(self, verb: str, *words: str, values: dict | None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.helm, verb, *words, self.folder, "--values", "-"],
            input=yaml.safe_dump(values or {}),
            capture_output=True,
            text=True,
            check=False,
        )

    def lint(self, values: dict | None = None) -> str:
        """What `helm lint --strict` complains of; empty when it does not."""
        done = self._run("lint", "--strict", values=values)
        return "" if done.returncode == 0 else done.stdout + done.stderr

    def render(self, values: dict | None = None) -> str:
        """The objects, as text; the chart must accept the values."""
        done = self._run("template", self.folder.name, "--namespace", "shop", values=values)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def refusal(self, values: dict) -> str:
        """What Helm says against the values; the chart must not accept them."""
        done = self._run("template", self.folder.name, values=values)
        assert done.returncode != 0, done.stdout
        return done.stderr


@pytest.fixture(scope="session")
def chart(demo) -> Callable[[str], Chart]:
    """Find one of our charts by its name."""
    return lambda name: Chart(demo.supplied.tools.helm, user_paths().house / "charts" / name)


@pytest.fixture(scope="session")
def same_as_golden() -> Callable[[str, str], None]:
    """Compare a rendering with the file of that name."""

    def compare(name: str, rendered: str) -> None:
        file = GOLDEN / f"{name}.yaml"
        if WRITE:
            file.write_text(rendered)
        assert rendered == file.read_text()

    return compare
