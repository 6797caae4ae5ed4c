"""The report as one HTML page that needs nothing beside it."""

import re
from functools import cache
from pathlib import PurePosixPath
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from meshproof.report.model import Report
from meshproof.report.plots import plots, said_of_duration, said_of_share
from meshproof.report.words import duration, kind
from meshproof.results import Verdict

# A line of evidence as a failure prints it: one lower-case word, at least two blanks, what there is to say.
_EVIDENCE_LINE = re.compile(r"\s*([a-z]{2,12})\s{2,}(\S.*)")

_MARKS = {
    Verdict.PASSED: "\N{CHECK MARK}",
    Verdict.FAILED_AS_IT_MUST: "\N{CHECK MARK}",
    Verdict.FAILED: "\N{MULTIPLICATION X}",
    Verdict.VACUOUS: "\N{MULTIPLICATION X}",
    Verdict.ERROR: "!",
    Verdict.NOT_OFFERED: "\N{EN DASH}",
    Verdict.INTERRUPTED: "!",
    Verdict.NOT_RUN: "\N{MIDDLE DOT}",
    Verdict.PLANNED: "\N{MIDDLE DOT}",
}


def evidence_rows(evidence: str) -> list[tuple[str, str]]:
    r"""Split evidence into (word, text) rows; lines without a word of their own continue the row before.

    >>> evidence_rows("call      probe-a -> GET /\nseen      141x reviews-v1\n          2x reset")
    [('call', 'probe-a -> GET /'), ('seen', '141x reviews-v1\n2x reset')]
    """
    rows: list[tuple[str, str]] = []
    for line in evidence.strip("\n").splitlines():
        if found := _EVIDENCE_LINE.fullmatch(line):
            rows.append((found[1], found[2]))
        elif rows:
            word, text = rows[-1]
            rows[-1] = (word, f"{text}\n{line.strip()}")
        elif line.strip():
            rows.append(("", line))
    return rows


def link(inside: str, folder: str) -> str | None:
    """Return the address of what lies in a run's output folder; None when a results file points out of it.

    >>> link("diagnostics/TM-02 1", "../../run"), link("../etc", ".."), link("/etc", "..")
    ('../../run/diagnostics/TM-02%201', None, None)
    """
    path = PurePosixPath(inside)
    return None if path.is_absolute() or ".." in path.parts else quote(f"{folder}/{path}")


def render_html(report: Report) -> bytes:
    """Return the page, UTF-8 encoded; all text from the run is escaped."""
    return _template().render(report=report, plots=plots(report)).encode()


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("meshproof.report", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["duration"] = duration
    environment.filters["evidence_rows"] = evidence_rows
    environment.filters["mark"] = _MARKS.__getitem__
    environment.filters["kind"] = kind
    environment.filters["link"] = link
    environment.filters["said_of_share"] = said_of_share
    environment.filters["said_of_duration"] = said_of_duration
    return environment.get_template("report.html.j2")
