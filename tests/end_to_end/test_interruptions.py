"""Ctrl-C and kills at any phase: the state is named, the next run repairs it, `down` removes it."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from meshproof.cluster import state
from meshproof.errors import ExitCode

pytestmark = pytest.mark.alone

PHASES = [
    "create the cluster",
    "load images into the node",
    "install istiod",
    "deploy the gateway, telemetry, Bookinfo",
]


def processes_that_name(text: str) -> list[str]:
    """Command lines of running programs that hold a text, this test's own left out."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if text in line and folder.name != str(os.getpid()):
            found.append(line)
    return found


def snapshot(name: str, engine) -> list[str]:
    """All that a cluster could leave: containers, volumes, networks, programs, rules that forward ports."""
    lists = (
        ("ps", "--all", "--format", "{{.Names}}"),
        ("volume", "ls", "--quiet"),
        ("network", "ls", "--quiet"),
    )
    found = [line for words in lists for line in engine.run(*words).split()]
    rules = subprocess.run(["iptables-save", "-t", "nat"], capture_output=True, text=True, check=True).stdout
    forwarded = [line for line in rules.splitlines() if "-j DNAT" in line]
    return sorted([*found, *forwarded, *processes_that_name(f"{name}/kubeconfig")])


def test_ctrl_c_while_images_are_built(stopped_at, meshproof, empty_store):
    ended = stopped_at("building", signal.SIGINT, "images", "build", **empty_store)
    assert ended.code == ExitCode.INTERRUPTED
    assert ended.err.startswith("meshproof: interrupted")
    down = meshproof("down", **empty_store)
    assert down.code == ExitCode.OK
    assert not list(Path(empty_store["MESHPROOF_CACHE"]).glob("meshproof-*"))
    assert not processes_that_name("mmdebstrap")


@pytest.mark.parametrize("phase", PHASES)
def test_ctrl_c_leaves_nothing_that_down_does_not_remove(  # noqa: PLR0913, PLR0917 -- fixtures
    stopped_at, meshproof, cluster_name, engine, paths, phase
):
    before = snapshot(cluster_name, engine)
    ended = stopped_at(f"... {phase}", signal.SIGINT, "up", "--name", cluster_name)
    assert ended.code == ExitCode.INTERRUPTED
    assert f"interrupted during: {phase}" in ended.err
    assert "Traceback" not in ended.err
    assert cluster_name in state.known(paths), "what was made is remembered"
    assert not processes_that_name(f"{cluster_name}/kubeconfig"), "no program goes on"

    down = meshproof("down", "--name", cluster_name)
    assert down.code == ExitCode.OK
    assert snapshot(cluster_name, engine) == before
    assert state.load(paths, cluster_name) is None
