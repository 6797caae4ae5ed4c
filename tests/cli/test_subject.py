"""What a run is pointed at, and what it brings along."""

from pathlib import Path

import pytest
import yaml

from meshproof.access.brought import Brought
from meshproof.cli import subject as module
from meshproof.cli.subject import Subject, subject
from meshproof.cli.target import Target, Where
from meshproof.cluster.model import Cluster
from meshproof.cluster.state import State
from meshproof.errors import ExitCode, MeshproofError
from meshproof.paths import Paths
from meshproof.supply.engine import Engine
from meshproof.supply.model import Charts, ProxyBuild, Supplied, Tools
from meshproof.supply.recipes import SERVICES

MADE = State(
    name="shop",
    phase="ready",
    gateway_port=8080,
    suite_port=8081,
    supply="packages",
    engine="podman",
    node_image="node:1",
    profile="demo",
)


@pytest.fixture
def paths(tmp_path):
    return Paths(tmp_path, tmp_path / "cache", tmp_path / "state")


@pytest.fixture
def images(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text("probe: registry.example/probe:1")
    return file


@pytest.fixture
def supplied(tmp_path, monkeypatch):
    """A supply that is at hand, without an engine that would be asked for it."""
    names = {f"bookinfo-{name}": f"{name}:1" for name in SERVICES}
    found = Supplied(
        supply="packages",
        tools=Tools(tmp_path / "kind", tmp_path / "helm", tmp_path / "kubectl", None),
        charts=Charts("base", "istiod", "/charts/gateway"),
        gateway_api=tmp_path / "gateway-api",
        istio_version="1.31",
        node_image="node:1",
        images={**names, "probe": "probe:1", "ratelimit": "ratelimit:1", "valkey": "valkey:1"},
        load=(),
        archive=None,
        proxy=ProxyBuild.STOCK,
        own_network=True,
    )

    def find(_paths, where, _supply):
        cluster = Cluster(tmp_path / "kubeconfig", "x", ((30080, 8080), (30081, 8081)))
        made = None if where.foreign else MADE
        return Target(tmp_path, cluster, found, Engine("podman"), made)

    monkeypatch.setattr(module, "find", find)
    return found


def test_an_existing_mesh_needs_images_that_it_can_pull(paths):
    with pytest.raises(MeshproofError, match="--existing needs images that the cluster can pull") as error:
        subject(paths, Where("x", existing=True), "auto", Brought())
    assert error.value.exit_code is ExitCode.USAGE


def test_a_file_with_images_that_is_not_there_is_named(paths, tmp_path):
    with pytest.raises(MeshproofError, match=r"there is no file .*nowhere\.yaml") as error:
        subject(paths, Where("x", existing=True), "auto", Brought(tmp_path / "nowhere.yaml"))
    assert error.value.exit_code is ExitCode.USAGE


def test_what_is_brought_asks_no_supply(paths, images, monkeypatch):
    monkeypatch.setattr(Where, "cluster", lambda *_: Cluster(Path("/kubeconfig"), "prod"))
    brought = Brought(images, "oci://charts.example/istio", Path("/bin/helm"), "ambient")
    found = subject(paths, Where("x", context="prod"), "auto", brought)
    assert (found.images, found.charts, found.helm) == (images, brought.charts, brought.helm)
    assert found.facts == {"cluster": "existing", "profile": "ambient"}


@pytest.mark.usefixtures("supplied")
def test_what_is_not_brought_comes_from_the_supply(paths, images, tmp_path):
    found = subject(paths, Where("x", context="prod"), "auto", Brought(images))
    assert (found.images, found.charts, found.helm) == (images, "/charts", tmp_path / "helm")
    assert found.facts == {"cluster": "existing"}


@pytest.mark.usefixtures("supplied")
def test_a_cluster_made_here_tells_what_it_was_made_from(paths):
    found = subject(paths, Where("shop"), "auto", Brought())
    assert found.facts == {
        "supply": "packages",
        "cluster": "kind on podman",
        "profile": "demo",
        "proxy_build": "stock",
    }
    assert found.images == {name: f"{name}:1" for name in (*SERVICES, "probe", "ratelimit", "valkey")}


@pytest.mark.usefixtures("supplied")
def test_a_profile_that_the_cluster_does_not_have_is_refused(paths):
    with pytest.raises(MeshproofError, match="has profile demo, not strict") as error:
        subject(paths, Where("shop"), "auto", Brought(profile="strict"))
    assert error.value.exit_code is ExitCode.USAGE


def test_the_suites_are_told_all_of_it(tmp_path):
    cluster = Cluster(tmp_path / "kubeconfig", "x", ((30080, 8080), (30081, 8081)))
    made = Subject(tmp_path, cluster, {"probe": "probe:1"}, "/charts", Path("/helm"), {"supply": "packages"})
    words = made.words(tmp_path)
    assert words[words.index("--meshproof-host-port") + 1] == "30081:8081", "the first one is the demo's"
    assert words[words.index("--meshproof-fact") + 1] == "supply=packages"
    file = Path(words[words.index("--meshproof-images") + 1])
    assert yaml.safe_load(file.read_text()) == {"probe": "probe:1"}
