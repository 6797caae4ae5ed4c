"""Commands that prove: run, control, report."""

import signal
import sys
from pathlib import Path
from typing import Annotated

import pytest
import typer
import yaml

from meshproof.cli.options import DEFAULT_NAME, Context, Kubeconfig, Name, Output, Supply, SupplyName
from meshproof.cli.target import Target, find
from meshproof.console import out, say
from meshproof.demo.shop import service_images
from meshproof.errors import ExitCode
from meshproof.paths import paths
from meshproof.process import attach
from meshproof.report import summary, write_report
from meshproof.report.write import REPORT_FOLDER
from meshproof.results import CONTROL_FOLDER, RESULTS_FILE
from meshproof.run import sweep as sweep_runs

SWEEP_SECONDS = 120.0
Select = Annotated[str | None, typer.Option("-k", help="Only tests whose name matches, as pytest's -k.")]

ImagesFile = Annotated[
    Path | None,
    typer.Option(
        "--images", help="YAML: productpage, details, reviews, ratings, probe -> reference to pull."
    ),
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(run)
    app.command()(control)
    app.command()(report)
    app.command()(sweep)


def run(
    output: Output,
    name: Name = DEFAULT_NAME,
    context: Context = None,
    kubeconfig: Kubeconfig = None,
    supply: Supply = SupplyName.AUTO,
    select: Select = None,
    images: ImagesFile = None,
    *,
    require_all: Annotated[
        bool, typer.Option("--require-all", help="A behaviour that is not offered fails the run.")
    ] = False,
) -> None:
    """Prove the behaviours of a mesh; the verdicts land in the output folder as they come."""
    target = find(paths(), name, context, kubeconfig, supply)
    command = pytest_command(target, output, select, images)
    code = attach([*command, "--meshproof-require-all"] if require_all else command)
    if (output / RESULTS_FILE).exists():
        write_report(output)
        say(f"Report: {output / REPORT_FOLDER / 'index.html'}")
    raise typer.Exit(exit_code(code))


def control(
    output: Output,
    name: Name = DEFAULT_NAME,
    context: Context = None,
    kubeconfig: Kubeconfig = None,
    supply: Supply = SupplyName.AUTO,
    select: Select = None,
    images: ImagesFile = None,
) -> None:
    """Show that every behaviour can fail: its manifests withheld, or turned to their opposite."""
    target = find(paths(), name, context, kubeconfig, supply)
    folder = output / CONTROL_FOLDER
    code = attach([*pytest_command(target, folder, select, images), "--meshproof-control"])
    if (output / RESULTS_FILE).exists():
        write_report(output)
    raise typer.Exit(exit_code(code))


def report(output: Output) -> None:
    """Render the results of a run again: JUnit XML, ConformanceReport YAML, HTML."""
    out.print(summary(write_report(output)))


def sweep(
    name: Name = DEFAULT_NAME,
    context: Context = None,
    kubeconfig: Kubeconfig = None,
    supply: Supply = SupplyName.AUTO,
) -> None:
    """Remove the namespaces that killed runs left on a cluster; found by the runs' own label."""
    target = find(paths(), name, context, kubeconfig, supply)
    gone = sweep_runs(target.cluster.api, seconds=SWEEP_SECONDS)
    for left in gone:
        say(f"removed  namespace {left.namespace}")
    if not gone:
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


def pytest_command(target: Target, output: Path, select: str | None, images: Path | None) -> list[str]:
    """The command line that runs the suites against a target, with the supply's images or those of a file."""
    output.mkdir(parents=True, exist_ok=True)
    supplied = target.supplied
    if images is None:
        images = output / "images.yaml"
        images.write_text(yaml.safe_dump({**service_images(supplied), "probe": supplied.images["probe"]}))
    words = [
        *(sys.executable, "-m", "pytest", str(target.house / "suites")),
        *("--rootdir", str(target.house), "--config-file", str(target.house / "pyproject.toml")),
        *("--kubeconfig", str(target.cluster.kubeconfig)),
        *("--meshproof-context", target.cluster.context),
        *("--meshproof-output", str(output)),
        *("--meshproof-images", str(images)),
        *("--meshproof-charts", str(Path(supplied.charts.gateway).parent)),
        *("--meshproof-helm", str(supplied.tools.helm)),
    ]
    # The first mapped node port is the demo's, the second is for the gateway of a run.
    for node_port, port in target.cluster.host_ports[1:]:
        words += ["--meshproof-host-port", f"{node_port}:{port}"]
    for name, value in target.facts.items():
        words += ["--meshproof-fact", f"{name}={value}"]
    return [*words, "-k", select] if select else words
