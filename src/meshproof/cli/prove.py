"""Commands that prove: run, control; and sweep, which removes what killed ones left."""

import os
import signal
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import pytest
import typer

from meshproof.cli.answer import aside, write_json
from meshproof.cli.options import (
    DEFAULT_NAME,
    Context,
    Existing,
    Format,
    FormatOption,
    Kubeconfig,
    Name,
    Output,
    Supply,
    SupplyName,
)
from meshproof.cli.selection import (
    Areas,
    Assume,
    Budget,
    Exempt,
    Levels,
    NoSidecars,
    RequireAll,
    Resume,
    Seed,
    Select,
    Selection,
    Shuffle,
    Verbose,
    Workers,
)
from meshproof.cli.subject import Brought, subject
from meshproof.cli.target import Where
from meshproof.console import out, say
from meshproof.errors import ExitCode
from meshproof.paths import paths
from meshproof.process import attach, remove_scratch
from meshproof.report import write_report
from meshproof.report.model import Report
from meshproof.report.write import REPORT_FOLDER
from meshproof.results import CONTROL_FOLDER, RESULTS_FILE
from meshproof.run import sweep as sweep_runs

SWEEP_SECONDS = 120.0
HELM_DRIVER = {"HELM_DRIVER": "configmap"}
"""Where Helm notes the releases of a run: who runs it then needs no right to read Secrets."""

Images = Annotated[
    Path | None,
    typer.Option(help="YAML: productpage, details, reviews, ratings, probe -> reference to pull."),
]
Charts = Annotated[
    str | None,
    typer.Option(help="Folder or OCI repository of Istio's charts, for the run's gateway: oci://…/charts."),
]
HelmProgram = Annotated[Path | None, typer.Option("--helm", help="The helm to install with.")]
ProfileName = Annotated[
    str | None, typer.Option(help="Name of the values that the mesh was installed with, for the report.")
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(run)
    app.command()(control)
    app.command()(sweep)


def run(
    output: Output,
    name: Name = DEFAULT_NAME,
    context: Context = None,
    kubeconfig: Kubeconfig = None,
    supply: Supply = SupplyName.AUTO,
    select: Select = None,
    areas: Areas = None,
    levels: Levels = None,
    assume: Assume = None,
    exempt: Exempt = None,
    budget: Budget = None,
    workers: Workers = 0,
    seed: Seed = None,
    images: Images = None,
    charts: Charts = None,
    helm: HelmProgram = None,
    profile: ProfileName = None,
    form: FormatOption = Format.TEXT,
    *,
    existing: Existing = False,
    shuffle: Shuffle = False,
    resume: Resume = False,
    require_all: RequireAll = False,
    no_sidecars: NoSidecars = False,
    verbose: Verbose = False,
) -> None:
    """Prove the behaviours of a mesh; the verdicts land in the output folder as they come."""
    selection = Selection(
        select=select,
        areas=areas or (),
        levels=levels or (),
        assume=assume or (),
        exempt=exempt or (),
        budgets=budget or (),
        workers=workers,
        seed=seed,
        shuffle=shuffle,
        resume=resume,
        require_all=require_all,
        no_sidecars=no_sidecars,
        verbose=verbose,
    )
    where = Where(name, context, kubeconfig, existing)
    prove(where, supply, Brought(images, charts, helm, profile), selection, output, form)


def control(
    output: Output,
    name: Name = DEFAULT_NAME,
    context: Context = None,
    kubeconfig: Kubeconfig = None,
    supply: Supply = SupplyName.AUTO,
    select: Select = None,
    areas: Areas = None,
    levels: Levels = None,
    assume: Assume = None,
    exempt: Exempt = None,
    budget: Budget = None,
    workers: Workers = 0,
    seed: Seed = None,
    images: Images = None,
    charts: Charts = None,
    helm: HelmProgram = None,
    profile: ProfileName = None,
    form: FormatOption = Format.TEXT,
    *,
    existing: Existing = False,
    shuffle: Shuffle = False,
    resume: Resume = False,
    verbose: Verbose = False,
) -> None:
    """Show that every behaviour can fail: its manifests withheld, or turned to their opposite."""
    selection = Selection(
        select=select,
        areas=areas or (),
        levels=levels or (),
        assume=assume or (),
        exempt=exempt or (),
        budgets=budget or (),
        workers=workers,
        seed=seed,
        shuffle=shuffle,
        resume=resume,
        control=True,
        verbose=verbose,
    )
    where = Where(name, context, kubeconfig, existing)
    prove(where, supply, Brought(images, charts, helm, profile), selection, output, form)


def prove(
    where: Where, supply: str, brought: Brought, selection: Selection, output: Path, form: Format
) -> None:
    """Run the suites, render the report, and end as the suites ended."""
    with aside(wanted=form is Format.JSON):
        code = _proven(where, supply, brought, replace(selection, form=form), output)
        report = write_report(output) if (output / RESULTS_FILE).exists() else None
        if report:
            say(f"Report: {output / REPORT_FOLDER / 'index.html'}")
    if form is Format.JSON:
        write_json(_summary(report, output, code))
    raise typer.Exit(code)


def _proven(where: Where, supply: str, brought: Brought, selection: Selection, output: Path) -> ExitCode:
    proven = subject(paths(), where, supply, brought)
    folder = output / CONTROL_FOLDER if selection.control else output
    folder.mkdir(parents=True, exist_ok=True)
    os.environ.update(HELM_DRIVER)
    live = out.is_terminal and selection.form is Format.TEXT
    return exit_code(attach([*proven.words(folder), *selection.words(terminal=live)]))


def _summary(report: Report | None, output: Path, code: ExitCode) -> dict[str, object]:
    """What a program wants to know of a run; without a report when it came to no results."""
    found: dict[str, object] = {"exit_code": int(code), "output": str(output)}
    if report:
        found |= {
            "report": str(output / REPORT_FOLDER),
            "conclusion": str(report.conclusion),
            "headline": report.headline,
            "behaviours": {each.id: str(each.verdict) for each in report.behaviours},
        }
    return found


def sweep(
    name: Name = DEFAULT_NAME,
    context: Context = None,
    kubeconfig: Kubeconfig = None,
    *,
    existing: Existing = False,
) -> None:
    """Remove the namespaces that killed runs left on a cluster; found by the runs' own label."""
    cluster = Where(name, context, kubeconfig, existing).cluster(paths())
    gone = sweep_runs(cluster.api, seconds=SWEEP_SECONDS)
    for left in gone:
        say(f"removed  namespace {left.namespace}")
    folders = remove_scratch()
    for folder in folders:
        say(f"removed  folder {folder}")
    if not (gone or folders):
        say("No run has left anything there.")


def exit_code(of_pytest: int) -> ExitCode:
    """Ours for pytest's: the plugin ends a run with ours where it can, pytest itself has some of its own."""
    own = {
        int(pytest.ExitCode.INTERRUPTED): ExitCode.INTERRUPTED,
        int(pytest.ExitCode.USAGE_ERROR): ExitCode.USAGE,
        # A -k that selects nothing.
        int(pytest.ExitCode.NO_TESTS_COLLECTED): ExitCode.USAGE,
        # Ended by a signal, before it could say anything.
        -signal.SIGINT: ExitCode.INTERRUPTED,
        -signal.SIGTERM: ExitCode.INTERRUPTED,
    }
    if of_pytest in own:
        return own[of_pytest]
    return ExitCode(of_pytest) if of_pytest in set(ExitCode) else ExitCode.ENVIRONMENT
