"""A cluster whose making was killed: the next run repairs it; then what else may happen to releases."""

import os
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from kubernetes import client

from meshproof.cluster import state
from meshproof.cluster.kind import Kind
from meshproof.cluster.model import Cluster
from meshproof.errors import ExitCode
from meshproof.mesh.helm import Helm, ReleaseFailed
from meshproof.mesh.serving import judged
from meshproof.paths import paths as user_paths
from meshproof.supply.choose import choose
from meshproof.supply.engine import detect

NAME = f"e2e-repair-{os.getpid()}"
RELEASE, NAMESPACE = "half", "half-installed"


@dataclass(frozen=True)
class Repaired:
    """A demo that came up after its first making was killed."""

    ended: object
    cluster: Cluster
    helm: Helm
    chart: Path
    probe: str


@pytest.fixture(scope="module")
def repaired(stopped_at, meshproof) -> Iterator[Repaired]:
    """Kill the making of a demo with istiod half installed, and run it again."""
    try:
        killed = stopped_at("... install istiod", signal.SIGKILL, "up", "--name", NAME)
        assert killed.code == -signal.SIGKILL
        ended = meshproof("up", "--name", NAME, seconds=400)
        assert ended.code == ExitCode.OK, ended.err
        paths = user_paths()
        engine = detect(paths)
        made = state.load(paths, NAME)
        supplied = choose("auto", paths, made.supply).prepare(engine)
        cluster = Kind(paths, engine, NAME).cluster(made)
        helm = Helm(supplied.tools.helm, cluster.kubeconfig, cluster.context)
        yield Repaired(ended, cluster, helm, paths.house / "charts" / "probe", supplied.images["probe"])
    finally:
        meshproof("down", "--name", NAME)


def test_the_next_run_repairs_what_a_kill_left(repaired):
    assert "The demo is up" in repaired.ended.out
    assert repaired.helm.status("istiod", "istio-system") == "deployed"
    assert judged(repaired.cluster)


def test_again_on_a_healthy_demo_nothing_is_changed(repaired, meshproof):
    before = revisions(repaired)
    ended = meshproof("up", "--name", NAME)
    assert ended.code == ExitCode.OK
    assert "nothing was changed" in ended.out
    assert revisions(repaired) == before


def revisions(repaired: Repaired) -> list[str]:
    """Every revision of every release: Helm keeps each in a secret of its own."""
    core = client.CoreV1Api(repaired.cluster.api)
    secrets = core.list_secret_for_all_namespaces(field_selector="type=helm.sh/release.v1")
    return sorted(f"{secret.metadata.namespace}/{secret.metadata.name}" for secret in secrets.items)


def test_helm_killed_during_install_and_upgrade_is_repaired(repaired):
    helm, values = repaired.helm, {"images": {"probe": repaired.probe}}
    kill_while_it_waits(repaired)
    assert helm.status(RELEASE, NAMESPACE) == "pending-install"
    helm.install_or_upgrade(RELEASE, repaired.chart, NAMESPACE, values)
    assert helm.status(RELEASE, NAMESPACE) == "deployed"

    kill_while_it_waits(repaired)
    assert helm.status(RELEASE, NAMESPACE) == "pending-upgrade"
    helm.install_or_upgrade(RELEASE, repaired.chart, NAMESPACE, values)
    assert helm.status(RELEASE, NAMESPACE) == "deployed"


def kill_while_it_waits(repaired: Repaired) -> None:
    """Start an installation that can never become ready, and kill it once the release is written down."""
    helm = repaired.helm
    words = ["upgrade", "--install", RELEASE, repaired.chart, "--namespace", NAMESPACE, "--create-namespace"]
    never = ["--wait", "--set", "images.probe=localhost/meshproof/no-such-image:0"]
    process = subprocess.Popen(
        [helm.binary, *words, *never, "--kubeconfig", helm.kubeconfig],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while not (helm.status(RELEASE, NAMESPACE) or "").startswith("pending"):
        assert process.poll() is None, "Helm ended before it could be killed"
    process.kill()
    process.wait()


def test_a_chart_that_does_not_render_is_told_in_helms_words(repaired):
    with pytest.raises(ReleaseFailed, match=f"Helm release wrong in namespace {NAMESPACE}: "):
        repaired.helm.install_or_upgrade("wrong", repaired.chart, NAMESPACE, {"images": {"probe": 7}})


def test_a_run_by_context_leaves_no_namespace(repaired, meshproof, tmp_path):
    before = namespaces(repaired)
    where = ("--kubeconfig", str(repaired.cluster.kubeconfig), "--context", repaired.cluster.context)
    ended = meshproof("run", *where, "--output", str(tmp_path / "out"), "-k", "test_identity or test_title")
    assert ended.code == ExitCode.OK, ended.out
    assert "SE-04  passed" in ended.out
    assert "BI-01  passed" in ended.out
    assert (tmp_path / "out" / "report" / "conformance.yaml").exists()
    assert namespaces(repaired) == before


def namespaces(repaired: Repaired) -> set[str]:
    """Names of all namespaces."""
    return {item.metadata.name for item in client.CoreV1Api(repaired.cluster.api).list_namespace().items}


def test_the_mesh_is_uninstalled_and_installed_again(repaired, meshproof):
    definitions = client.ApiextensionsV1Api(repaired.cluster.api)
    ended = meshproof("mesh", "uninstall", "--name", NAME)
    assert ended.code == ExitCode.OK, ended.err
    assert "removed  release istio-system/istiod" in ended.out
    left = [item.metadata.name for item in definitions.list_custom_resource_definition().items]
    assert [name for name in left if name.endswith(".istio.io")] == []
    assert meshproof("mesh", "status", "--name", NAME).code == ExitCode.ENVIRONMENT

    ended = meshproof("mesh", "install", "--name", NAME)
    assert ended.code == ExitCode.OK, ended.err
    assert meshproof("mesh", "status", "--name", NAME).code == ExitCode.OK
