"""`meshproof images`: what is built from package registries."""

from typing import Annotated

import typer

from meshproof.console import phase, say
from meshproof.paths import paths
from meshproof.supply.choose import choose
from meshproof.supply.host import ready_engine
from meshproof.supply.packages import Packages
from meshproof.supply.recipes import recipes

app = typer.Typer(help="Images that are built here.", no_args_is_help=True)


@app.command()
def build() -> None:
    """Build every image whose inputs changed, and nothing else."""
    found = paths()
    supplied = Packages(found).prepare(ready_engine(found))
    for name, reference in supplied.images.items():
        say(f"{name:24} {reference}")


@app.command("test")
def run_tests(
    names: Annotated[list[str] | None, typer.Argument(help="Services; all that have tests.")] = None,
) -> None:
    """Run each service's own unit tests, in its own language, where its image is built."""
    found = paths()
    engine = ready_engine(found)
    supply = choose("auto", found)
    tested = names or [name for name, recipe in recipes(found.house).items() if recipe.has_tests()]
    for name in tested:
        with phase(f"tests of {name}"):
            closing = supply.test(engine, name)
        say(f"    {closing}")
