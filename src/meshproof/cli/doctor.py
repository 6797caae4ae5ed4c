"""`meshproof doctor`: is everything there that a run needs, and if not, what to do?"""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Annotated

import typer
from rich.markup import escape

from meshproof.access import cluster, machine
from meshproof.access.brought import Brought
from meshproof.access.findings import Finding, State, ready
from meshproof.access.gateway import gateway_role
from meshproof.access.rights import cluster_role
from meshproof.cli.answer import answering, write_json
from meshproof.cli.options import (
    DEFAULT_NAME,
    Charts,
    Context,
    Existing,
    Format,
    FormatOption,
    HelmProgram,
    Images,
    Kubeconfig,
    Name,
)
from meshproof.cli.target import Where
from meshproof.console import out, say
from meshproof.errors import ExitCode
from meshproof.paths import paths

_MARKS = {
    State.OK: "[green]ok     [/]",
    State.NOTE: "[yellow]note   [/]",
    State.MISSING: "[red]MISSING[/]",
}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(answering(doctor))


def doctor(
    name: Name = DEFAULT_NAME,
    context: Context = None,
    kubeconfig: Kubeconfig = None,
    images: Images = None,
    charts: Charts = None,
    helm: HelmProgram = None,
    form: FormatOption = Format.TEXT,
    *,
    existing: Existing = False,
    clusterrole: Annotated[
        bool, typer.Option("--clusterrole", help="Only show the ClusterRoles that a run needs, as YAML.")
    ] = False,
) -> None:
    """Name what a run with the same options lacks: programs, rights, parts of the mesh; and what to do."""
    if clusterrole:
        out.file.write(f"{cluster_role()}---\n{gateway_role()}")
        return
    where = Where(name, context, kubeconfig, existing)
    brought = Brought(images, charts, helm)
    findings = [
        *machine.look(paths(), brought, foreign=where.foreign, existing=where.existing),
        *cluster.look(lambda: where.cluster(paths())),
    ]
    if form is Format.JSON:
        write_json({"ready": ready(findings), "findings": [asdict(finding) for finding in findings]})
    else:
        _show(findings)
    if not ready(findings):
        raise typer.Exit(ExitCode.ENVIRONMENT)


def _show(findings: Iterable[Finding]) -> None:
    findings = tuple(findings)
    steps: list[str] = []
    for finding in findings:
        out.print(f"{_MARKS[finding.state]}  {escape(finding.name)}: {escape(finding.found)}")
        if finding.next_step and finding.next_step not in steps:
            steps.append(finding.next_step)
    missing = sum(finding.state is State.MISSING for finding in findings)
    say(f"Missing: {missing}. What to do:" if missing else "A run can begin.")
    for step in steps:
        say(f"  - {step}")
