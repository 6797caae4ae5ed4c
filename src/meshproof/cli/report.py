"""Commands that show what was proven: report, diff."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from meshproof.cli.answer import answering, write_json
from meshproof.cli.options import Format, FormatOption
from meshproof.console import out, say
from meshproof.errors import ExitCode, MeshproofError
from meshproof.report import Diff, compare, read_snapshot, summary, write_report
from meshproof.report.diff import Changed, Kind, Proof, kind_of
from meshproof.report.words import duration
from meshproof.report.write import REPORT_FOLDER

LINE = 160
"""Characters of a reason or a value that people get to see; JSON has the whole."""

_STYLES = {
    Kind.REGRESSED: "bold red",
    Kind.NO_LONGER_SHOWN: "yellow",
    Kind.NEWLY_NOT_OFFERED: "yellow",
    Kind.FIXED: "green",
}

Source = Annotated[
    Path | None,
    typer.Option("--from", help="Output folder of a run, or its results.jsonl; --output by default."),
]
Target = Annotated[
    Path | None,
    typer.Option("--output", help="Folder that gets the folder report; the folder of --from by default."),
]
Compared = Annotated[
    Path, typer.Argument(help="Output folder of a run, its results.jsonl, or a conformance.yaml.")
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(report)
    app.command()(answering(diff))


def report(source: Source = None, output: Target = None) -> None:
    """Render the results of a run, also of one that was killed: JUnit XML, ConformanceReport YAML, HTML."""
    read = source or output
    if read is None:
        raise MeshproofError("no run is named", "name its output folder with --output", ExitCode.USAGE)
    target = output or (read.parent if read.is_file() else read)
    out.print(summary(write_report(target, read)))
    say(f"Report: {target / REPORT_FOLDER / 'index.html'}")


def diff(
    before: Compared,
    after: Compared,
    form: FormatOption = Format.TEXT,
) -> None:
    """Compare two reports, the older one first; what passed and does not any more ends it with 1."""
    found = compare(read_snapshot(before), read_snapshot(after))
    if form is Format.JSON:
        write_json(_answer(found))
    else:
        for line in _lines(found):
            out.print(line)
    raise typer.Exit(ExitCode.FAILED if found.worse else ExitCode.OK)


def _answer(found: Diff) -> dict[str, object]:
    """Return what programs read: a list for each kind of change, empty where there is none."""
    said = found.model_dump(mode="json")
    kinds = said.pop("verdicts")
    return {**{kind.name.lower(): kinds[kind.value] for kind in Kind}, **said}


def _lines(found: Diff) -> Iterator[Text]:
    """Yield what people read; Text and not markup, because reasons hold square brackets."""
    for name, side in (("before", found.before), ("after", found.after)):
        when = side.date.strftime("%Y-%m-%d %H:%M %Z")
        yield Text(f"{name:<7} {side.source} ({side.conclusion}, {when})")
    for kind, changes in found.verdicts.items():
        if changes:
            yield Text(f"\n{kind} ({len(changes)})", style=_STYLES.get(kind, "bold"))
            for change in changes:
                yield from _change(change)
    yield from _proofs("newly vacuous", found.newly_vacuous, "bold red")
    yield from _proofs("no longer vacuous", found.no_longer_vacuous, "green")
    if found.slower:
        yield Text(f"\nslower beyond noise ({len(found.slower)})", style="yellow")
        for one in found.slower:
            yield Text(f"  {one.what}  {duration(one.before)} -> {duration(one.after)}")
    if found.environment:
        yield Text(f"\nenvironment ({len(found.environment)})", style="bold")
        for fact in found.environment:
            values = (_short(value) if value else "nothing" for value in (fact.before, fact.after))
            yield Text(f"  {fact.name}: {' -> '.join(values)}")
    yield Text(f"\n{_closing(found)}")


def _change(change: Changed) -> Iterator[Text]:
    yield Text(f"  {change.id}  {change.before} -> {change.after}  {change.sentence}".rstrip())
    if change.reason:
        yield Text(f"         {_short(change.reason)}")


def _proofs(what: str, proofs: tuple[Proof, ...], style: str) -> Iterator[Text]:
    if proofs:
        yield Text(f"\n{what} ({len(proofs)})", style=style)
        for proof in proofs:
            yield Text(f"  {proof.id}  {proof.sentence}".rstrip())


def _short(text: str) -> str:
    return text if len(text) <= LINE else f"{text[: LINE - 1]}\N{HORIZONTAL ELLIPSIS}"


def _closing(found: Diff) -> str:
    regressed = len(found.verdicts[Kind.REGRESSED])
    said = [f"{regressed} regressed" if regressed else "Nothing regressed"]
    if found.lost:
        how = Counter(str(kind_of(change.before, change.after)) for change in found.lost)
        ways = ", ".join(f"{count} {kind}" for kind, count in how.items())
        said.append(f"{len(found.lost)} {'pass' if len(found.lost) == 1 else 'passes'} lost ({ways})")
    if found.newly_vacuous:
        said.append(f"{len(found.newly_vacuous)} newly vacuous")
    if found.pace is not None:
        said.append(f"behaviours took {found.pace:g} times as long, in the middle")
    return f"{'; '.join(said)}."
