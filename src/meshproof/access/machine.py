"""What this machine has of what a run needs: what is brought, programs, and an engine to build the rest."""

from collections.abc import Iterable
from pathlib import Path

from meshproof.access.brought import Brought
from meshproof.access.findings import Finding, State
from meshproof.errors import MeshproofError
from meshproof.paths import Paths
from meshproof.process import find
from meshproof.supply.engine import detect


def look(paths: Paths, brought: Brought, *, foreign: bool, existing: bool) -> tuple[Finding, ...]:
    """Look for what a run with these options needs; nothing is installed, and no registry is asked.

    Args:
        paths: where a configuration for Podman would be.
        brought: what the user brings.
        foreign: whether the cluster was not made here, so that nothing need be built when all is brought.
        existing: whether the mesh is there already, so that images built here do not reach it.
    """
    engine = _engine(paths, brought, foreign=foreign)
    helm = _helm(brought.helm, supplied=engine.state is State.OK)
    return (*_images(brought.images, needed=existing), *_charts(brought.charts), engine, helm, _kubectl())


def _images(file: Path | None, *, needed: bool) -> Iterable[Finding]:
    if file and not file.is_file():
        return (Finding("images", State.MISSING, f"there is no file {file}", "name it with --images"),)
    if file:
        return (Finding("images", State.OK, f"named in {file}"),)
    if needed:
        give = "name them in a file and give it with --images: docs/existing-mesh.md"
        return (Finding("images", State.MISSING, "--existing needs images that the cluster can pull", give),)
    return ()


def _charts(charts: str | None) -> Iterable[Finding]:
    if charts is None:
        return ()
    if "://" not in charts and not Path(charts).is_dir():
        return (Finding("charts", State.MISSING, f"there is no folder {charts}", "name it with --charts"),)
    return (Finding("charts", State.OK, charts),)


def _engine(paths: Paths, brought: Brought, *, foreign: bool) -> Finding:
    name = "container engine"
    try:
        engine = detect(paths)
    except MeshproofError as error:
        if not foreign:
            return Finding(name, State.MISSING, error.what, error.next_step)
        given = {"--images": brought.images, "--charts": brought.charts}
        if lacking := [option for option, value in given.items() if not value]:
            instead = f"give {' and '.join(lacking)}, so that nothing is built here, or {error.next_step}"
            return Finding(name, State.MISSING, error.what, instead)
        return Finding(name, State.NOTE, f"{error.what}; nothing is built with --images and --charts")
    return Finding(name, State.OK, f"{engine.name} answers")


def _helm(named: Path | None, *, supplied: bool) -> Finding:
    name = "helm"
    if path := find(str(named or "helm")):
        return Finding(name, State.OK, path)
    if named:
        return Finding(name, State.MISSING, f"there is no program {named}", "name one with --helm")
    if supplied:
        return Finding(name, State.NOTE, "not on the PATH: a run uses that of its supply")
    install = "install Helm 3, or name one with --helm"
    return Finding(name, State.MISSING, "not on the PATH, and nothing can be built here", install)


def _kubectl() -> Finding:
    if path := find("kubectl"):
        return Finding("kubectl", State.OK, path)
    return Finding("kubectl", State.NOTE, "not on the PATH: a run does not need it")
