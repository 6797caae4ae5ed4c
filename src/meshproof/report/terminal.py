"""The report in a few lines for a terminal."""

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from meshproof.report.model import BehaviourOutcome, Conclusion, Report
from meshproof.results import Verdict

_STYLES = {
    Conclusion.CONFORMANT: "bold green",
    Conclusion.FAILED: "bold red",
    Conclusion.PARTIAL: "bold yellow",
    Conclusion.NOTHING_PROVEN: "bold yellow",
}
_COLUMNS = (
    ("passed", "green"),
    ("failed", "red"),
    ("error", "yellow"),
    ("not offered", "dim"),
    ("not run", "dim"),
)


def summary(report: Report) -> RenderableType:
    """Return what was proven: the headline, a line per area, a line per behaviour to look into."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("area")
    for verdict, _ in _COLUMNS:
        table.add_column(verdict, justify="right")
    for area in report.areas:
        seen = [behaviour.verdict for behaviour in area.behaviours]
        table.add_row(
            area.area.heading,
            *(_number(seen.count(Verdict(verdict)), style) for verdict, style in _COLUMNS),
        )
    lines: list[RenderableType] = [Text(report.headline, style=_STYLES[report.conclusion]), table]
    lines += [_line(b) for b in report.behaviours if b.verdict not in {Verdict.PASSED, Verdict.NOT_RUN}]
    if not_run := [b.id for b in report.behaviours if b.verdict is Verdict.NOT_RUN]:
        lines.append(Text(f"not run: {', '.join(not_run)}", style="dim"))
    lines += [Text(note, style="yellow") for note in report.notes]
    if control := report.control:
        lines.append(
            Text(f"Control: {control.failed_as_they_must} of {len(control.behaviours)} failed as they must"),
        )
    return Group(*lines)


def _number(count: int, style: str) -> Text:
    return Text(str(count), style=style if count else "dim")


def _line(behaviour: BehaviourOutcome) -> Text:
    # Text, not markup: node ids and reasons hold square brackets.
    style = next(style for verdict, style in _COLUMNS if verdict == behaviour.verdict)
    return Text.assemble(
        (f"{behaviour.id} {behaviour.verdict}", style),
        f"  {behaviour.sentence} ({behaviour.reason})",
    )
