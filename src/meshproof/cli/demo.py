"""Commands around the demo: up, status, show, down."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.padding import Padding
from rich.table import Table

from meshproof.cli.answer import answering, write_json
from meshproof.cli.options import (
    DEFAULT_NAME,
    Format,
    FormatOption,
    Name,
    Output,
    Profile,
    Supply,
    SupplyName,
)
from meshproof.cluster import state
from meshproof.cluster.kind import way_to
from meshproof.cluster.state import State
from meshproof.console import out, say
from meshproof.demo.down import down as take_down
from meshproof.demo.shop import SHOP
from meshproof.demo.up import Demo
from meshproof.demo.up import up as bring_up
from meshproof.errors import ExitCode, MeshproofError
from meshproof.paths import paths
from meshproof.report import summary, write_report
from meshproof.supply.model import Tools

DEMO_FILE = "demo.json"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(up)
    app.command()(answering(status))
    app.command()(show)
    app.command()(down)


def up(
    name: Name = DEFAULT_NAME,
    port: Annotated[
        int | None,
        typer.Option(min=1, max=65535, help="Port of this host for the gateway; the first free one."),
    ] = None,
    supply: Supply = SupplyName.AUTO,
    profile: Profile = "demo",
    output: Annotated[Path | None, typer.Option(help="Folder to note in where the demo is.")] = None,
) -> None:
    """Make a cluster with Istio and Bookinfo in it; on a healthy one, change nothing."""
    demo = bring_up(paths(), name, port=port, supply=supply, profile=profile)
    if output:
        note(demo, output)
    say(f"Bookinfo: {demo.url}/productpage")


def note(demo: Demo, output: Path) -> None:
    """Write down where the demo is and how long its phases took, for the sessions that follow."""
    output.mkdir(parents=True, exist_ok=True)
    content = {
        "name": demo.made.name,
        "url": demo.url,
        "kubeconfig": str(demo.cluster.kubeconfig),
        "path": ":".join(_folders(demo.supplied.tools)),
        "changed": demo.changed,
        "seconds": demo.times,
    }
    (output / DEMO_FILE).write_text(json.dumps(content, indent=2))


def status(form: FormatOption = Format.TEXT) -> None:
    """List the clusters that meshproof made on this machine."""
    found = [made for name in state.known(paths()) if (made := state.load(paths(), name))]
    if form is Format.JSON:
        write_json([_told(made) for made in found])
        return
    table = Table("cluster", "state", "shop", "made from", box=None)
    for made in found:
        table.add_row(made.name, made.phase, _shop(made), made.supply)
    if found:
        out.print(table)
    else:
        say("No cluster was made on this machine. Make one: meshproof up")


def _shop(made: State) -> str:
    return f"http://localhost:{made.gateway_port}/productpage"


def _told(made: State) -> dict[str, str]:
    way = way_to(paths(), made)
    known = {"name": made.name, "state": made.phase, "supply": made.supply, "profile": made.profile}
    return {**known, "shop": _shop(made), "kubeconfig": str(way.kubeconfig), "context": way.context}


def show(output: Output) -> None:
    """Write the report of a run, and say what runs, where to look, what was proven and what to try next."""
    report = write_report(output)
    demo = _noted(output)
    folder = output / "report"
    say(f"Runs      cluster {demo['name']}: Istio, Gateway API, Bookinfo with sidecars, Prometheus, Jaeger")
    say(f"Shop      {demo['url']}/productpage")
    say(f"Report    {folder / 'index.html'}")
    say(f"Load      {folder / 'load.html'}")
    out.print(Padding(summary(report), (1, 0)))
    # Said line by line and not in a table: a command that is wrapped cannot be copied.
    say("Try next  sign in as jason on the page: the header end-user now goes with every call")
    say("          nox -s control    the same proofs without their causes: each must fail")
    say("          nox -s down       remove all of it")
    say(f"          export KUBECONFIG={demo['kubeconfig']}")
    say(f"          export PATH={demo['path']}:$PATH")
    say(f"          kubectl --namespace {SHOP} get pods")


def _folders(tools: Tools) -> list[str]:
    """Where the programs are that a tutorial's reader types, each folder once."""
    programs = (tools.kubectl, tools.helm, tools.istioctl)
    return list(dict.fromkeys(str(program.parent) for program in programs if program))


def _noted(output: Path) -> dict[str, str]:
    try:
        found: dict[str, str] = json.loads((output / DEMO_FILE).read_text())
    except (OSError, json.JSONDecodeError) as error:
        raise MeshproofError(
            f"{output / DEMO_FILE} cannot be read",
            f"run `meshproof up --output {output}` first",
            ExitCode.USAGE,
        ) from error
    return found


def down(
    name: Name = DEFAULT_NAME,
    *,
    caches: Annotated[
        bool, typer.Option("--caches", help="Remove what is kept for the next time, too.")
    ] = False,
) -> None:
    """Remove the cluster and all that was made with it; name what is kept."""
    removed, kept = take_down(paths(), name, caches=caches)
    for line in removed:
        say(f"removed  {line}")
    if not removed:
        say(f"There was nothing to remove of {name}.")
    for line in kept:
        say(f"kept     {line}")
