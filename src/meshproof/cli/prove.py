"""Commands that prove: run, control; and sweep, which removes what killed ones left."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from meshproof.access.brought import Brought
from meshproof.cli.answer import FAILURES, answering, aside, cause, failed, write_json
from meshproof.cli.ending import concluded, exit_code, of_control, of_run
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
    Output,
    Supply,
    SupplyName,
)
from meshproof.cli.selection import (
    Areas,
    Assume,
    Budget,
    Exempt,
    KnownFailures,
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
from meshproof.cli.subject import subject
from meshproof.cli.target import Where
from meshproof.console import err, out, say
from meshproof.errors import ExitCode
from meshproof.paths import paths
from meshproof.process import attach, remove_scratch
from meshproof.report import write_report
from meshproof.report.write import REPORT_FOLDER
from meshproof.results import CONTROL_FOLDER, RESULTS_FILE, read_results
from meshproof.run import sweep as sweep_runs

SWEEP_SECONDS = 120.0
HELM_DRIVER = {"HELM_DRIVER": "configmap"}
"""Where Helm notes the releases of a run: who runs it then needs no right to read Secrets."""

ProfileName = Annotated[
    str | None, typer.Option(help="Name of the values that the mesh was installed with, for the report.")
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(answering(run))
    app.command()(answering(control))
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
    known_failure: KnownFailures = None,
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
        known_failures=known_failure or (),
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
    """Run the suites, render the report, and end as the suites and the report say."""
    answer: dict[str, object] = {}
    with aside(wanted=form is Format.JSON):
        code = _proven(where, supply, brought, replace(selection, form=form), output)
        # A run that was refused left nothing: what lies there is another's.
        if code is not ExitCode.USAGE:
            try:
                code, answer = _told(code, output, control=selection.control)
            except FAILURES as failure:
                error = cause(failure)
                err.print(f"meshproof: {error}", markup=False)
                code = ExitCode.ENVIRONMENT if code is ExitCode.OK else code
                answer = failed(error)
    if form is Format.JSON:
        write_json({**answer, "exit_code": int(code), "output": str(output)})
    raise typer.Exit(code)


def _proven(where: Where, supply: str, brought: Brought, selection: Selection, output: Path) -> ExitCode:
    proven = subject(paths(), where, supply, brought)
    folder = output / CONTROL_FOLDER if selection.control else output
    folder.mkdir(parents=True, exist_ok=True)
    os.environ.update(HELM_DRIVER)
    live = out.is_terminal and selection.form is Format.TEXT
    return exit_code(attach([*proven.words(folder), *selection.words(terminal=live)]))


def _told(code: ExitCode, output: Path, *, control: bool) -> tuple[ExitCode, dict[str, object]]:
    """Render what is there to render, and say it; return the code to end with, and what programs are told."""
    answer: dict[str, object] = {}
    own = output / CONTROL_FOLDER / RESULTS_FILE
    if control and own.exists():
        answer = of_control(read_results(own))
    if not (output / RESULTS_FILE).exists():
        return code, answer
    report = write_report(output)
    if control:
        answer |= {"report": str(output / REPORT_FOLDER)}
    else:
        answer = of_run(report, output)
        code, why = concluded(code, report)
        if why:
            say(why)
    say(f"Report: {output / REPORT_FOLDER / 'index.html'}")
    return code, answer


def sweep(
    name: Name = DEFAULT_NAME,
    context: Context = None,
    kubeconfig: Kubeconfig = None,
    *,
    existing: Existing = False,
) -> None:
    """Remove every run's namespace, also of one that is going on: nothing tells it from what a kill left."""
    cluster = Where(name, context, kubeconfig, existing).cluster(paths())
    gone = sweep_runs(cluster.api, seconds=SWEEP_SECONDS)
    for left in gone:
        say(f"removed  namespace {left.namespace}")
    if gone:
        say("A run that was still going on there has lost its namespace: run it again.")
    folders = remove_scratch()
    for folder in folders:
        say(f"removed  folder {folder}")
    if not (gone or folders):
        say("No run has left anything there.")
