"""From a run's output folder to its three renderings."""

import os
from pathlib import Path

from meshproof.errors import MeshproofError
from meshproof.report.build import build_report
from meshproof.report.conformance import render_conformance
from meshproof.report.html import render_html
from meshproof.report.junit import render_junit
from meshproof.report.load import read_load
from meshproof.report.model import Report
from meshproof.results import CONTROL_FOLDER, RESULTS_FILE, read_results

REPORT_FOLDER = "report"
_RENDERINGS = {
    "junit.xml": render_junit,
    "conformance.yaml": render_conformance,
    "index.html": render_html,
}


def write_report(folder: Path) -> Report:
    """Render the results in an output folder into its folder `report`.

    Reads `results.jsonl`, `control/results.jsonl` and `report/load.json` (Locust's summary) where they exist.
    All three renderings are made before the first is written, and each replaces its predecessor at once, so
    that no reader meets half a file.

    Raises:
        MeshproofError: there are no results (exit code 64) or the report cannot be written (69).
    """
    results = read_results(folder / RESULTS_FILE)
    control_file = folder / CONTROL_FOLDER / RESULTS_FILE
    control = read_results(control_file) if control_file.exists() else None
    target = folder / REPORT_FOLDER
    load, note = read_load(target)
    report = build_report(results, control=control, load=load, notes=[note] if note else [])
    pages = {name: render(report) for name, render in _RENDERINGS.items()}
    try:
        target.mkdir(parents=True, exist_ok=True)
        for name, content in pages.items():
            _replace(target / name, content)
    except OSError as error:
        raise MeshproofError(
            f"cannot write the report to {target} ({error.strerror or error})",
            "make room there and run `meshproof report` again: the results are kept",
        ) from error
    return report


def _replace(path: Path, content: bytes) -> None:
    half = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with half.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        half.replace(path)
    finally:
        half.unlink(missing_ok=True)
