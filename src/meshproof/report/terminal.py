"""The report in a few lines for a terminal."""

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from meshproof.report.model import Conclusion, Report
from meshproof.report.outcomes import BehaviourOutcome
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
    ("interrupted", "yellow"),
    ("not run", "dim"),
    ("planned", "dim"),
)
_ALWAYS = ("passed", "failed")
_NAMED_ONLY = (Verdict.INTERRUPTED, Verdict.NOT_RUN)
_NO_WORD = (Verdict.PASSED, Verdict.PLANNED, *_NAMED_ONLY)


def summary(report: Report) -> RenderableType:
    """Return what was proven: the headline, a line per area, a line per behaviour to look into."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("area", no_wrap=True)
    # Narrow terminals have no room for what did not happen.
    columns = [column for column in _COLUMNS if column[0] in _ALWAYS or report.ids(Verdict(column[0]))]
    for verdict, _ in columns:
        table.add_column(verdict, justify="right")
    for area in report.areas:
        seen = [behaviour.verdict for behaviour in area.behaviours]
        table.add_row(
            area.area.heading,
            *(_number(seen.count(Verdict(verdict)), style) for verdict, style in columns),
        )
    lines: list[RenderableType] = [Text(report.headline, style=_STYLES[report.conclusion]), table]
    for behaviour in report.behaviours:
        if behaviour.verdict not in _NO_WORD:
            lines.append(_line(behaviour))
            lines += [Text(f"  hint  {hint}") for hint in behaviour.hints]
    for verdict in _NAMED_ONLY:
        if ids := report.ids(verdict):
            lines.append(Text(f"{verdict}: {', '.join(ids)}", style="dim"))
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
