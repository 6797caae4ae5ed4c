"""The rate limit service of a run: deployed with its store, and awaited."""

from types import SimpleNamespace

import pytest
from kubernetes.client import AppsV1Api

from meshproof.errors import MeshproofError
from meshproof.plugin.ratelimits import deployed
from meshproof.run import Run
from meshproof.traffic import Budgets

IMAGES = {"probe": "probe:1", "ratelimit": "ratelimit:1", "valkey": "valkey:1"}
ROLLED_OUT = {"observedGeneration": 1, "updatedReplicas": 1, "availableReplicas": 1, "replicas": 1}


class FakeHelm:
    def __init__(self):
        self.installed = []

    def install(self, release, *, wait):
        assert (release.chart / "Chart.yaml").is_file()
        self.installed.append((release.name, release.chart.name, release.namespace, release.values, wait))


@pytest.fixture
def looks(monkeypatch):
    """The states of the Deployment, one for each look; the last one stays."""
    states = [{}, ROLLED_OUT]

    def read(_, name, namespace):
        assert (name, namespace) == ("ratelimit", "meshproof-r1")
        status = states.pop(0) if len(states) > 1 else states[0]
        metadata = {"name": name, "generation": 1}
        kind = {"apiVersion": "apps/v1", "kind": "Deployment"}
        return {**kind, "metadata": metadata, "spec": {"replicas": 1}, "status": status}

    monkeypatch.setattr(AppsV1Api, "read_namespaced_deployment", read)
    return states


@pytest.fixture
def client():
    return SimpleNamespace(sanitize_for_serialization=lambda document: document)


def test_service_is_installed_with_its_two_images_and_awaited(looks, client):
    helm = FakeHelm()
    deployed(client, Run("r1"), helm, IMAGES, Budgets())
    ((*told, values, wait),) = helm.installed
    assert told == ["ratelimit", "ratelimit", "meshproof-r1"]
    assert values == {
        "images": {"ratelimit": "ratelimit:1", "valkey": "valkey:1"},
        "serviceAnnotations": {"networking.istio.io/exportTo": ".,meshproof-r1-neighbour"},
    }
    assert wait is False
    assert looks == [ROLLED_OUT]


def test_service_that_does_not_come_is_told(looks, client):
    looks[:] = [{**ROLLED_OUT, "availableReplicas": 0}]
    said = r"deploying the rate limit service into meshproof-r1 is not done .*availableReplicas 0 of 1"
    with pytest.raises(MeshproofError, match=said):
        deployed(client, Run("r1"), FakeHelm(), IMAGES, Budgets(accept=0.2))
