"""The command that lists the catalogue: what meshproof knows how to prove, or means to."""

from enum import StrEnum
from typing import Annotated

import typer

from meshproof.behaviours import FEATURES, Area, Level, State, tested_ids
from meshproof.behaviours.listing import Wanted, as_json, as_markdown, as_text, entries
from meshproof.cli.answer import answering
from meshproof.errors import ExitCode, MeshproofError
from meshproof.paths import paths


class ListFormat(StrEnum):
    """How the list is written."""

    TEXT = "text"  # for people
    JSON = "json"  # for programs
    MARKDOWN = "markdown"  # docs/behaviours.md


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(answering(behaviours))


def _known_features(incomplete: str) -> list[str]:
    return [name for name in FEATURES if name.startswith(incomplete)]


def behaviours(
    area: Annotated[list[Area] | None, typer.Option(help="Only this area; may be given again.")] = None,
    level: Annotated[list[Level] | None, typer.Option(help="Only this level; may be given again.")] = None,
    feature: Annotated[
        list[str] | None,
        typer.Option(
            help="Only what needs this feature; may be given again.", autocompletion=_known_features
        ),
    ] = None,
    state: Annotated[list[State] | None, typer.Option(help="Only this state; may be given again.")] = None,
    form: Annotated[ListFormat, typer.Option("--format", help="How to write the list.")] = ListFormat.TEXT,
) -> None:
    """List the behaviours of the catalogue, with what each needs and whether it has a test."""
    for name in feature or ():
        if name not in FEATURES:
            raise MeshproofError(
                f"--feature {name} names no feature", f"use one of: {', '.join(FEATURES)}", ExitCode.USAGE
            )
    wanted = Wanted(area or (), level or (), feature or (), state or ())
    listed = tuple(entry for entry in entries(tested_ids(paths().house / "suites")) if wanted(entry))
    written = {ListFormat.TEXT: as_text, ListFormat.JSON: as_json, ListFormat.MARKDOWN: as_markdown}
    typer.echo(written[form](listed))
