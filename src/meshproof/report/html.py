"""The report as one HTML page that needs nothing beside it."""

import re
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from meshproof.report.model import Report
from meshproof.results import Verdict

_SECONDS_WITH_TENTHS: Final = 10
_MINUTE: Final = 60

# A line of evidence as a failure prints it: one lower-case word, at least two blanks, what there is to say.
_EVIDENCE_LINE = re.compile(r"\s*([a-z]{2,12})\s{2,}(\S.*)")

_MARKS = {
    Verdict.PASSED: "\N{CHECK MARK}",
    Verdict.FAILED_AS_IT_MUST: "\N{CHECK MARK}",
    Verdict.FAILED: "\N{MULTIPLICATION X}",
    Verdict.VACUOUS: "\N{MULTIPLICATION X}",
    Verdict.ERROR: "!",
    Verdict.NOT_OFFERED: "\N{EN DASH}",
    Verdict.NOT_RUN: "\N{MIDDLE DOT}",
}


def duration(seconds: float) -> str:
    """Write seconds as people say them.

    >>> duration(0.0834), duration(4.25), duration(95)
    ('83 ms', '4.2 s', '1 min 35 s')
    """
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < _SECONDS_WITH_TENTHS:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    return f"{whole} s" if whole < _MINUTE else f"{whole // _MINUTE} min {whole % _MINUTE} s"


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


def render_html(report: Report) -> bytes:
    """Return the page, UTF-8 encoded; all text from the run is escaped."""
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
    environment.filters["kind"] = lambda word: str(word).replace(" ", "-")
    return environment.get_template("report.html.j2").render(report=report).encode()
