"""What is remembered of a cluster that was made here.

Written before each step, so that even a kill leaves a trace.
"""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from meshproof.paths import Paths

FILE = "state.json"


class State(BaseModel):
    """One cluster made here.

    Args:
        name: kind's name of the cluster.
        phase: `creating` from before the first container to after the last wait, then `ready`.
        gateway_port: port of this host for the demo's gateway.
        suite_port: port of this host for the gateway of a run.
        supply: which supply it was made from.
        engine: which container engine holds it.
        node_image: the node's image.
        loaded: references of images loaded into the node.
        fingerprint: what the demo in it was made from; empty until the demo was once complete.
        profile: the profile of the mesh in it; empty until there is one.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    phase: Literal["creating", "ready"]
    gateway_port: int
    suite_port: int
    supply: str
    engine: str
    node_image: str
    loaded: tuple[str, ...] = ()
    fingerprint: str = ""
    profile: str = ""


def load(paths: Paths, name: str) -> State | None:
    """The state of a cluster, or None when this user made none of that name."""
    try:
        return State.model_validate_json(_file(paths, name).read_text())
    except (FileNotFoundError, ValidationError):
        return None


def save(paths: Paths, state: State) -> State:
    """Write the state, whole or not at all, and return it."""
    file = _file(paths, state.name)
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_suffix(".partial")
    partial.write_text(state.model_dump_json(indent=2))
    partial.rename(file)
    return state


def forget(paths: Paths, name: str) -> None:
    """Remove the cluster's folder: state and kubeconfig."""
    folder = paths.cluster(name)
    if folder.exists():
        for file in folder.iterdir():
            file.unlink()
        folder.rmdir()


def known(paths: Paths) -> list[str]:
    """Names of the clusters made here that are not yet removed."""
    return sorted(file.parent.name for file in paths.state.glob(f"*/{FILE}"))


def _file(paths: Paths, name: str) -> Path:
    return paths.cluster(name) / FILE
