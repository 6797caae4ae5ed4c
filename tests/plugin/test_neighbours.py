"""The second namespace of a run: made with one probe when a test wants it, gone with the run."""

from types import SimpleNamespace

import pytest
from kubernetes.client import AppsV1Api, CoreV1Api

from meshproof.errors import MeshproofError
from meshproof.plugin.neighbours import moved_in, values_of
from meshproof.run import RUN_LABEL, Run
from meshproof.traffic import Budgets

DEPLOYMENT = {"apiVersion": "apps/v1", "kind": "Deployment"}
ROLLED_OUT = {"observedGeneration": 1, "updatedReplicas": 1, "availableReplicas": 1, "replicas": 1}


class FakeHelm:
    def __init__(self, log):
        self.log = log
        self.values = {}

    def install(self, release, *, wait):
        assert not wait
        self.log.append(f"install {release.name} of {release.chart.name} into {release.namespace}")
        self.values = release.values


@pytest.fixture
def log(monkeypatch):
    """What is asked of the API server, whose Deployment is rolled out at the second look."""
    noted = []
    statuses = [{}, ROLLED_OUT]

    def create(_, namespace):
        noted.append(f"create {namespace.metadata.name} {sorted(namespace.metadata.labels)}")

    def read(_, name, namespace):
        noted.append(f"read {namespace}/{name}")
        status = statuses.pop(0) if len(statuses) > 1 else statuses[0]
        metadata = {"name": name, "generation": 1}
        return {**DEPLOYMENT, "metadata": metadata, "spec": {"replicas": 1}, "status": status}

    monkeypatch.setattr(CoreV1Api, "create_namespace", create)
    monkeypatch.setattr(CoreV1Api, "delete_namespace", lambda _, name: noted.append(f"delete {name}"))
    monkeypatch.setattr(AppsV1Api, "read_namespaced_deployment", read)
    return noted


@pytest.fixture
def client():
    return SimpleNamespace(sanitize_for_serialization=lambda document: document)


def test_namespace_is_made_with_one_probe_and_asked_to_go_at_the_end(log, client):
    helm = FakeHelm(log)
    with moved_in(client, Run("r1"), {"inject": "yes"}, helm, "probe:1", Budgets()) as neighbour:
        assert neighbour.namespace == "meshproof-r1-neighbour"
        assert neighbour.probe.name == "neighbour"
        log.append("used")
    assert log == [
        f"create meshproof-r1-neighbour {sorted(['inject', RUN_LABEL])}",
        "install probe of probe into meshproof-r1-neighbour",
        "read meshproof-r1-neighbour/neighbour",
        "read meshproof-r1-neighbour/neighbour",
        "used",
        "delete meshproof-r1-neighbour",
    ]
    assert helm.values["images"] == {"probe": "probe:1"}


def test_probe_that_does_not_come_takes_its_namespace_along(log, client, monkeypatch):
    monkeypatch.setitem(ROLLED_OUT, "availableReplicas", 0)
    said = r"deploying into meshproof-r1-neighbour is not done .*availableReplicas 0 of 1"
    with (
        pytest.raises(MeshproofError, match=said),
        moved_in(client, Run("r1"), {}, FakeHelm(log), "probe:1", Budgets(accept=0.2)),
    ):
        pass
    assert log[-1] == "delete meshproof-r1-neighbour"


def test_no_probe_of_the_chart_is_left_but_the_one():
    defaults = {"probes": {"probe-a": {"version": "v1"}, "probe-b": {"version": "v1"}}}
    values = values_of(defaults, "probe:1", Run("r1"))
    assert values["probes"] == {
        "probe-a": None,
        "probe-b": None,
        "neighbour": {"version": "v1", "sidecar": True},
    }
    assert values["serviceAnnotations"] == {"networking.istio.io/exportTo": ".,meshproof-r1"}
