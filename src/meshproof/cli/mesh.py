"""`meshproof mesh`: Istio by itself.

Installed and removed only in clusters made here: on any other nothing is touched but a run's own namespace.
"""

import typer
from rich.table import Table

from meshproof.cli.options import DEFAULT_NAME, Context, Kubeconfig, Name, Profile, Supply, SupplyName
from meshproof.cli.target import Where, find, made_here
from meshproof.console import out, phase, say
from meshproof.errors import ExitCode
from meshproof.mesh.istio import Istio
from meshproof.paths import paths

app = typer.Typer(help="Istio by itself: install, status, uninstall.", no_args_is_help=True)


@app.command()
def install(name: Name = DEFAULT_NAME, profile: Profile = "demo") -> None:
    """Install Istio in a cluster made here, or repair what an earlier run left half installed."""
    target = made_here(paths(), name)
    istio = Istio(target.house, target.cluster, target.helm, profile)
    istio.install_control_plane(target.supplied)
    with phase("install the data plane"):
        target.helm.ensure(*istio.data_plane(target.supplied))


@app.command()
def status(
    name: Name = DEFAULT_NAME,
    context: Context = None,
    kubeconfig: Kubeconfig = None,
    supply: Supply = SupplyName.AUTO,
) -> None:
    """Tell the state of every release, and whether the webhook judges."""
    target = find(paths(), Where(name, context, kubeconfig), supply)
    lines = Istio(target.house, target.cluster, target.helm).status()
    table = Table("what", "state", box=None)
    for line in lines:
        table.add_row(line.name, line.state, style="" if line.good else "red")
    out.print(table)
    if not all(line.good for line in lines):
        raise typer.Exit(ExitCode.ENVIRONMENT)


@app.command()
def uninstall(name: Name = DEFAULT_NAME) -> None:
    """Remove Istio from a cluster made here, with its custom resource definitions and namespaces."""
    target = made_here(paths(), name)
    for line in Istio(target.house, target.cluster, target.helm).uninstall():
        say(f"removed  {line}")
