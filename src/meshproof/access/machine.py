"""What this machine has of what a run needs: programs, and a container engine to have them built with."""

from meshproof.access.findings import Finding, State
from meshproof.errors import MeshproofError
from meshproof.paths import Paths
from meshproof.process import find
from meshproof.supply.engine import detect


def look(paths: Paths, *, brought: bool) -> tuple[Finding, ...]:
    """Look for the programs; nothing is installed.

    Args:
        paths: where a configuration for Podman would be.
        brought: whether the user brings images, charts and cluster, so that nothing is built here.
    """
    engine = _engine(paths, brought=brought)
    return (engine, _helm(supplied=engine.state is State.OK), _kubectl())


def _engine(paths: Paths, *, brought: bool) -> Finding:
    try:
        engine = detect(paths)
    except MeshproofError as error:
        needless = f"{error.what}; nothing is built for a run with --existing, --images and --charts"
        if brought:
            return Finding("container engine", State.NOTE, needless)
        return Finding("container engine", State.MISSING, error.what, error.next_step)
    return Finding("container engine", State.OK, f"{engine.name} answers")


def _helm(*, supplied: bool) -> Finding:
    if path := find("helm"):
        return Finding("helm", State.OK, path)
    if supplied:
        return Finding("helm", State.NOTE, "not on the PATH: a run uses that of its supply")
    install = "install Helm 3, or name one with --helm"
    return Finding("helm", State.MISSING, "not on the PATH, and nothing can be built here", install)


def _kubectl() -> Finding:
    if path := find("kubectl"):
        return Finding("kubectl", State.OK, path)
    return Finding("kubectl", State.NOTE, "not on the PATH: a run does not need it")
