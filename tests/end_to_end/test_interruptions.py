"""Ctrl-C and kills at any phase: the state is named, the next run repairs it, `down` removes it."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from meshproof.cluster import state
from meshproof.cluster.kind import Kind
from meshproof.errors import ExitCode
from meshproof.mesh.helm import Helm, ReleaseFailed
from meshproof.supply.packages import Packages

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
    """All that a cluster could leave: containers, volumes, networks, programs that use its kubeconfig."""
    lists = (
        ("ps", "--all", "--format", "{{.Names}}"),
        ("volume", "ls", "--quiet"),
        ("network", "ls", "--quiet"),
    )
    found = [line for words in lists for line in engine.run(*words).split()]
    return sorted([*found, *processes_that_name(f"{name}/kubeconfig")])


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


def test_the_next_run_repairs_what_a_kill_left(stopped_at, meshproof, cluster_name, engine, paths):
    killed = stopped_at("... install istiod", signal.SIGKILL, "up", "--name", cluster_name)
    assert killed.code == -signal.SIGKILL
    ended = meshproof("up", "--name", cluster_name, seconds=400)
    assert ended.code == ExitCode.OK, ended.err
    assert "The demo is up" in ended.out
    made = state.load(paths, cluster_name)
    cluster = Kind(paths, engine, cluster_name).cluster(made)
    helm = Helm(Packages(paths).prepare(engine).tools.helm, cluster.kubeconfig, cluster.context)

    # Now for sure: a Helm that is killed while it waits leaves `pending-install`.
    chart = paths.house / "charts" / "probe"
    kill_while_it_waits(helm, chart)
    assert helm.status("half", "half-installed") == "pending-install"
    images = {"images": {"probe": Packages(paths).prepare(engine).images["probe"]}}
    helm.install_or_upgrade("half", chart, "half-installed", images)
    assert helm.status("half", "half-installed") == "deployed"

    # And where it once was complete, `pending-upgrade`.
    kill_while_it_waits(helm, chart)
    assert helm.status("half", "half-installed") == "pending-upgrade"
    helm.install_or_upgrade("half", chart, "half-installed", images)
    assert helm.status("half", "half-installed") == "deployed"

    with pytest.raises(ReleaseFailed, match="Helm release half in namespace half-installed: "):
        helm.install_or_upgrade("half", chart, "half-installed", {"images": {"probe": 7}})


def kill_while_it_waits(helm: Helm, chart: Path) -> None:
    """Start an installation that can never become ready, and kill it once the release is written down."""
    words = ["upgrade", "--install", "half", chart, "--namespace", "half-installed", "--create-namespace"]
    never = ["--wait", "--set", "images.probe=localhost/meshproof/no-such-image:0"]
    process = subprocess.Popen(
        [helm.binary, *words, *never, "--kubeconfig", helm.kubeconfig],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while not (helm.status("half", "half-installed") or "").startswith("pending"):
        assert process.poll() is None, "Helm ended before it could be killed"
    process.kill()
    process.wait()
