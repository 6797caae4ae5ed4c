"""What kind is told, and what is remembered of it."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml

from meshproof.cluster import audit, state
from meshproof.cluster.kind import Kind, NameTaken, configuration
from meshproof.cluster.state import State
from meshproof.paths import Paths
from meshproof.supply.engine import Engine
from meshproof.supply.model import Charts, ProxyBuild, Supplied, Tools

POLICY = Path("/state/shop/audit-policy.yaml")


@dataclass(frozen=True)
class ScriptedEngine(Engine):
    """Answers from a table and notes what it was asked."""

    answers: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def run(self, *words, log=None, seconds=None):  # noqa: ARG002
        line = " ".join(str(word) for word in words)
        self.asked.append(line)
        return next((answer for start, answer in self.answers.items() if line.startswith(start)), "")


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths(house=tmp_path, cache=tmp_path / "cache", state=tmp_path / "state")


@pytest.fixture
def supplied(tmp_path: Path) -> Supplied:
    return Supplied(
        supply="packages",
        tools=Tools(tmp_path / "kind", tmp_path / "helm", tmp_path / "kubectl", None),
        charts=Charts("base", "istiod", "gateway"),
        gateway_api=tmp_path / "gateway-api",
        istio_version="1.31",
        node_image="node:1",
        images={},
        load=("a:1",),
        archive=tmp_path / "a.tar",
        proxy=ProxyBuild.STOCK,
        own_network=True,
    )


def remembered(**changes) -> State:
    made = State(
        name="shop",
        phase="ready",
        gateway_port=8080,
        suite_port=8081,
        supply="packages",
        engine="podman",
        node_image="node:1",
    )
    return made.model_copy(update=changes)


def test_gateway_ports_listen_on_this_host_alone():
    found = yaml.safe_load(configuration("shop", 8080, 8081, POLICY, own_network=True))
    mappings = found["nodes"][0]["extraPortMappings"]
    assert [(m["containerPort"], m["hostPort"]) for m in mappings] == [(30080, 8080), (30081, 8081)]
    assert {m["listenAddress"] for m in mappings} == {"127.0.0.1"}
    assert found["networking"]["disableDefaultCNI"] is True


def test_an_official_node_image_keeps_its_own_network():
    found = yaml.safe_load(configuration("shop", 8080, 8081, POLICY, own_network=False))
    assert found["networking"]["disableDefaultCNI"] is False


def test_the_api_server_writes_an_audit_log_by_the_mounted_policy():
    node = yaml.safe_load(configuration("shop", 8080, 8081, POLICY, own_network=True))["nodes"][0]
    (mount,) = node["extraMounts"]
    assert (mount["hostPath"], mount["readOnly"]) == (str(POLICY), True)
    (text,) = node["kubeadmConfigPatches"]
    server = yaml.safe_load(text)["apiServer"]
    assert server["extraArgs"]["audit-policy-file"] == mount["containerPath"]
    assert server["extraArgs"]["audit-log-path"] == audit.LOG
    # What is not mounted into the API server's own container it neither reads nor writes.
    mounted = {volume["mountPath"] for volume in server["extraVolumes"]}
    assert {mount["containerPath"], str(Path(audit.LOG).parent)} == mounted


def test_the_audit_log_holds_every_write_and_no_read(tmp_path):
    policy = yaml.safe_load(audit.write_policy(tmp_path / "new").read_text())
    exec_, reads, *_, last = policy["rules"]
    assert "pods/exec" in exec_["resources"][0]["resources"], "it begins with a GET"
    assert exec_["level"] == last["level"] == "Metadata"
    assert reads == {"level": "None", "verbs": ["get", "list", "watch"]}
    assert set(last) == {"level"}, "whatever no rule names is written down"
    assert "RequestReceived" in policy["omitStages"], "once each"


def test_a_foreign_cluster_of_our_name_is_left_alone(paths, supplied):
    engine = ScriptedEngine("podman", answers={"ps --all": "shop-control-plane"})
    with pytest.raises(NameTaken, match="that meshproof did not make; choose another name"):
        Kind(paths, engine, "shop").ensure(supplied, None)
    assert not any(line.startswith("rm") for line in engine.asked)


def test_delete_touches_nothing_that_was_not_made_here(paths):
    engine = ScriptedEngine("podman", answers={"ps --all": "shop-control-plane"})
    assert Kind(paths, engine, "shop").delete() == []
    assert engine.asked == []


def test_delete_removes_a_cluster_that_was_interrupted_while_it_was_made(paths):
    state.save(paths, remembered(phase="creating"))
    (paths.state / "made-network").touch()
    answers = {
        "ps --all --filter label=io.x-k8s.kind.cluster=shop": "shop-control-plane",
        "volume ls --quiet --filter label=shop-control-plane": "0123456789abcdef",
        "network ls": "kind podman",
    }
    engine = ScriptedEngine("podman", answers=answers)
    removed = Kind(paths, engine, "shop").delete()
    assert "rm --force --volumes shop-control-plane" in engine.asked
    assert "network rm kind" in engine.asked
    assert "volume rm 0123456789abcdef" in engine.asked
    assert [line.split()[0] for line in removed] == ["container", "volume", "network", "state"]
    assert state.known(paths) == []


def test_a_network_that_was_there_before_stays(paths):
    state.save(paths, remembered())
    engine = ScriptedEngine("podman", answers={"network ls": "kind"})
    Kind(paths, engine, "shop").delete()
    assert "network rm kind" not in engine.asked


def test_a_network_that_another_cluster_uses_stays(paths):
    state.save(paths, remembered())
    (paths.state / "made-network").touch()
    answers = {
        "ps --all --filter label=io.x-k8s.kind.cluster --": "other-control-plane",
        "network ls": "kind",
    }
    engine = ScriptedEngine("podman", answers=answers)
    Kind(paths, engine, "shop").delete()
    assert "network rm kind" not in engine.asked


def test_images_are_loaded_once(paths, supplied):
    made = remembered(loaded=("a:1",))
    engine = ScriptedEngine("podman")
    assert Kind(paths, engine, "shop").load(made, supplied) is made


def test_state_survives_a_round_trip_and_rubbish_is_no_state(paths):
    made = state.save(paths, remembered(fingerprint="abc"))
    assert state.load(paths, "shop") == made
    assert state.known(paths) == ["shop"]
    (paths.cluster("shop") / state.FILE).write_text("{half")
    assert state.load(paths, "shop") is None
