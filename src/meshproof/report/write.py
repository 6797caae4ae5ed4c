"""From a run's output folder to its three renderings."""

import os
from pathlib import Path

from meshproof.behaviours import lookup
from meshproof.errors import MeshproofError
from meshproof.report.build import build_report
from meshproof.report.conformance import render_conformance
from meshproof.report.html import render_html
from meshproof.report.junit import render_junit
from meshproof.report.load import read_load
from meshproof.report.model import Report
from meshproof.results import CONTROL_FOLDER, RESULTS_FILE, Results, read_results

REPORT_FOLDER = "report"
_RENDERINGS = {
    "junit.xml": render_junit,
    "conformance.yaml": render_conformance,
    "index.html": render_html,
}


def write_report(output: Path, source: Path | None = None) -> Report:
    """Render the results of a run into the folder `report` of an output folder.

    Reads `results.jsonl`, `control/results.jsonl` and `report/load.json` (Locust's summary) where they exist.
    All three renderings are made before the first is written, and each replaces its predecessor at once, so
    that no reader meets half a file.

    Args:
        output: gets the folder `report`.
        source: the output folder of the run, or its results file; None: it is `output` itself.

    Raises:
        MeshproofError: there are no results (exit code 64) or the report cannot be written (69).
    """
    target = output / REPORT_FOLDER
    report = read_report(source or output, seen_from=target)
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


def read_report(source: Path, seen_from: Path | None = None) -> Report:
    """Return the report of a run as its results file says it, without writing anything.

    Args:
        source: the output folder of the run, or its results file.
        seen_from: folder in which the report is going to lie; None: the folder `report` beside the results.

    Raises:
        MeshproofError: there are no results, or they cannot be read (exit code 64).
    """
    file = source if source.is_file() else source / RESULTS_FILE
    folder = file.parent
    results = read_results(file)
    control, unshown = _read_control(folder)
    load, unshown_load = read_load(folder / REPORT_FOLDER)
    notes = [note for note in (unshown, unshown_load) if note]
    report = build_report(results, control=control, load=load, notes=notes)
    seen = os.path.relpath(folder, seen_from or folder / REPORT_FOLDER)
    return report.model_copy(update={"folder": seen})


def _read_control(folder: Path) -> tuple[Results | None, str | None]:
    """Read the control run of a run; what is wrong with it says nothing against the run.

    Returns:
        Its results and None; None and why it cannot be shown; or twice None when there was none.
    """
    file, name = folder / CONTROL_FOLDER / RESULTS_FILE, f"{CONTROL_FOLDER}/{RESULTS_FILE}"
    if not file.exists():
        return None, None
    try:
        control = read_results(file)
        for test in control.tests:
            lookup(test.behaviour)
    except MeshproofError as error:
        # A report is passed on: where it was made is nobody else's business.
        return None, f"The control run is not shown: {error.what.replace(str(file), name)}."
    if not control.run.control:
        return None, f"The control run is not shown: {name} is of a run that withheld nothing."
    return control, None


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
