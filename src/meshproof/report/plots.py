"""What the report draws: durations, propagation, shares, judged durations, load."""

from collections.abc import Iterator
from dataclasses import dataclass

from markupsafe import Markup

from meshproof.report import charts
from meshproof.report.model import Report
from meshproof.report.outcomes import TestOutcome
from meshproof.report.propagation import STAGES, seconds
from meshproof.report.words import duration, kind, percent
from meshproof.results import DurationFound, ShareFound

MOST_ROWS = 30
"""Of one chart; whoever wants the rest finds it with its behaviour."""


@dataclass(frozen=True)
class Plot:
    """A chart, and what is said of it to those who see it and to those who do not.

    Args:
        kind: how it is drawn: bars, bands or steps.
        title: what it shows.
        note: how it is to be read.
        svg: the drawing.
        legend: (CSS class, what it marks) pairs; empty when the drawing says it all.
    """

    kind: str
    title: str
    note: str
    svg: Markup
    legend: tuple[tuple[str, str], ...] = ()


def plots(report: Report) -> tuple[Plot, ...]:
    """Return every chart for which the run has figures, in the order in which the page shows them."""
    makers = (_durations, _propagation, _shares, _judged, _load)
    return tuple(plot for maker in makers if (plot := maker(report)) is not None)


def said_of_share(share: ShareFound) -> str:
    """Write one share with everything that makes it a finding."""
    first = f", the first of up to {share.whole}" if share.n < share.whole else ""
    return (
        f"{percent(share.count / share.n)} ({share.count} of {share.n}{first}), "
        f"expected {percent(share.expected)}, judged by {percent(share.least / share.n)} "
        f"to {percent(share.most / share.n)}; p = {share.p_value:.2g} "
        f"(alpha {share.alpha:g}, beta {share.beta:g} at {share.points * 100:g} points)"
    )


def said_of_duration(found: DurationFound) -> str:
    """Write one judged duration, without the floor of its path and with it named."""
    return (
        f"{duration(found.shortest)} to {duration(found.longest)}, allowed {duration(found.least)} to "
        f"{duration(found.most)}; {duration(found.floor)} that the path itself takes are not counted"
    )


def _durations(report: Report) -> Plot | None:
    took = sorted((b for b in report.behaviours if b.seconds), key=lambda b: b.seconds, reverse=True)
    if not took:
        return None
    shown = took[:MOST_ROWS]
    rows = [charts.Bar(b.id, b.seconds, duration(b.seconds), kind(b.verdict)) for b in shown]
    return Plot(
        "bars",
        "How long each behaviour took",
        f"{_of(len(shown), len(took), 'behaviours')}, the slowest first; the tests of each are summed.",
        charts.bars(rows, unit="s"),
    )


def _propagation(report: Report) -> Plot | None:
    changes = report.changes
    lines = {stage: seconds(changes, stage) for stage in STAGES}
    if not any(lines.values()):
        return None
    legend = tuple(
        (f"color-{number}", f"{stage} ({len(line)})") for number, (stage, line) in enumerate(lines.items())
    )
    return Plot(
        "steps",
        "How long configuration took to take effect",
        f"Share of the {len(changes)} manifests that were pushed to a proxy, acknowledged by every proxy "
        "concerned, and seen in an answer, within so many seconds of being applied.",
        charts.steps(list(lines.values()), unit="s"),
        legend,
    )


def _shares(report: Report) -> Plot | None:
    found = [(owner, share) for owner, test in _tests(report) for share in test.shares]
    if not found:
        return None
    rows = []
    for owner, share in found[:MOST_ROWS]:
        inside = share.least <= share.count <= share.most
        seen = 100 * share.count / share.n
        allowed = (100 * share.least / share.n, 100 * share.most / share.n)
        label = f"{owner} {share.name}"
        rows.append(charts.Band(label, allowed, (seen, seen), said_of_share(share), _right(right=inside)))
    return Plot(
        "bands",
        "Shares, and the bounds within which they had to lie",
        f"{_of(len(rows), len(found), 'shares')}. The band is what the share was judged by after so many "
        "calls; the dot is what was seen.",
        charts.bands(rows, unit="%", limits=(0, 100)),
        _BANDS,
    )


def _judged(report: Report) -> Plot | None:
    found = [(owner, one) for owner, test in _tests(report) for one in test.durations]
    if not found:
        return None
    rows = []
    for owner, one in found[:MOST_ROWS]:
        inside = one.least <= one.shortest and one.longest <= one.most
        seen = (one.shortest, one.longest)
        label = f"{owner} {one.call}"
        rows.append(
            charts.Band(label, (one.least, one.most), seen, said_of_duration(one), _right(right=inside))
        )
    return Plot(
        "bands",
        "Durations, and the bounds within which they had to lie",
        f"{_of(len(rows), len(found), 'durations')}, each without what its path takes by itself. The band is "
        "what was allowed, the dots are the shortest and the longest that were seen.",
        charts.bands(rows, unit="s"),
        _BANDS,
    )


def _load(report: Report) -> Plot | None:
    if report.load is None:
        return None
    rows = [
        charts.Bar(f"{line.name} {name}", time, f"{time} ms", colour)
        for line in report.load.lines[: MOST_ROWS // 3]
        for name, time, colour in (
            ("p50", line.p50, "color-0"),
            ("p95", line.p95, "color-1"),
            ("p99", line.p99, "color-2"),
        )
        if time is not None
    ]
    if not rows:
        return None
    return Plot(
        "bars",
        "How long requests took under load",
        "The time within which half, 95 % and 99 % of the requests of each kind were answered.",
        charts.bars(rows, unit="ms"),
    )


_BANDS = (("allowed", "allowed"), ("passed", "seen, within the bounds"), ("failed", "seen, outside of them"))


def _tests(report: Report) -> Iterator[tuple[str, TestOutcome]]:
    for behaviour in report.behaviours:
        for test in behaviour.tests:
            yield behaviour.id, test


def _right(*, right: bool) -> str:
    return "passed" if right else "failed"


def _of(shown: int, there: int, what: str) -> str:
    return f"All {there} {what}" if shown == there else f"{shown} of {there} {what}"
