"""Going on with a run that was cut off: what it must have in common with this one, and what is still open."""

import os
from pathlib import Path

import pytest

from meshproof.errors import ExitCode, MeshproofError
from meshproof.redact import redact
from meshproof.results import KNOWN_FAILURE, Results, Verdict, read_results
from meshproof.traffic.budgets import SCALE

_OPTIONS = (
    "--kubeconfig",
    "--meshproof-context",
    "--meshproof-control",
    "--meshproof-no-sidecars",
    "--meshproof-images",
    "--meshproof-charts",
    "--meshproof-areas",
    "--meshproof-levels",
    "--meshproof-assume",
    "--meshproof-exempt",
    "--meshproof-budget",
    KNOWN_FAILURE,
)
"""Those that say what was tried, as against how the run was watched."""

_OF_NO_WEIGHT = frozenset({"--seed"})
"""Recorded, and free to differ when a run is resumed."""


def options_of(config: pytest.Config) -> dict[str, str]:
    """Return what was tried, by option or environment variable; what was not given is left out."""
    given = {name: config.getoption(name) for name in _OPTIONS}
    given["-k"] = config.getoption("keyword")
    scale = os.environ.get(SCALE, "1").strip()
    given[SCALE] = None if scale == "1" else scale
    return {name: _text(value) for name, value in given.items() if value}


def _text(value: object) -> str:
    # As it is written to the results, with which it is compared.
    return redact(",".join(map(str, value)) if isinstance(value, list) else str(value))


def earlier(config: pytest.Config, file: Path | None) -> Results | None:
    """Return what the run that is to be resumed has found; None when none is.

    Raises:
        MeshproofError: there is none to resume, or it tried something else.
    """
    if not config.getoption("meshproof_resume"):
        return None
    if file is None:
        raise MeshproofError(
            "--meshproof-resume needs the folder of the run that it goes on with",
            "name it with --meshproof-output",
            ExitCode.USAGE,
        )
    found = read_results(file)
    then = {name: value for name, value in found.run.options.items() if name not in _OF_NO_WEIGHT}
    now = options_of(config)
    other = sorted(name for name in then.keys() | now.keys() if then.get(name) != now.get(name))
    if other:
        told = "; ".join(f"{name} was {then.get(name, 'not given')}" for name in other)
        raise MeshproofError(
            f"{file} is of a run with other options: {told}",
            "give the same options again, or choose another output folder",
            ExitCode.USAGE,
        )
    return found


def settled(results: Results) -> frozenset[str]:
    """Return the tests whose verdict stands: an error says nothing of the mesh, and is tried again."""
    return frozenset(test.test for test in results.tests if test.verdict is not Verdict.ERROR)
