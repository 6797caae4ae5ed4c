"""The control plane goes down, and comes back whatever happens."""

from types import SimpleNamespace as Named

import pytest

from meshproof.errors import MeshproofError
from meshproof.outage import Outage
from meshproof.wait import TimedOut


class Cluster:
    """Deployments of istiod, and as many pods as they have replicas; `follows`: whether those come and go."""

    def __init__(self, **replicas):
        self.replicas = replicas
        self.pods = sum(replicas.values())
        self.follows = True

    def list_namespaced_deployment(self, namespace, label_selector):
        assert (namespace, label_selector) == ("istio-system", "app=istiod")
        return Named(
            items=[
                Named(
                    metadata=Named(name=name),
                    spec=Named(replicas=count),
                    status=Named(available_replicas=count or None),
                )
                for name, count in self.replicas.items()
            ]
        )

    def patch_namespaced_deployment(self, name, namespace, body):
        assert namespace == "istio-system"
        self.replicas[name] = body["spec"]["replicas"]
        if self.follows:
            self.pods = sum(self.replicas.values())

    def list_namespaced_pod(self, namespace, label_selector):
        assert (namespace, label_selector) == ("istio-system", "app=istiod")
        return Named(items=[object()] * self.pods)


def down(monkeypatch, cluster):
    monkeypatch.setattr("meshproof.outage.client.AppsV1Api", lambda _: cluster)
    monkeypatch.setattr("meshproof.outage.client.CoreV1Api", lambda _: cluster)
    return Outage(None, 0.3).of_control_plane()


def test_every_istiod_is_down_and_then_as_before(monkeypatch):
    cluster = Cluster(istiod=2, canary=1, old=0)
    with down(monkeypatch, cluster):
        assert cluster.replicas == {"istiod": 0, "canary": 0, "old": 0}
    assert cluster.replicas == {"istiod": 2, "canary": 1, "old": 0}


def test_it_comes_back_whatever_happens(monkeypatch):
    cluster = Cluster(istiod=1)
    with pytest.raises(ZeroDivisionError), down(monkeypatch, cluster):
        _ = 1 / 0
    assert cluster.replicas == {"istiod": 1}


def test_it_comes_back_also_when_it_did_not_go(monkeypatch):
    cluster = Cluster(istiod=1)
    cluster.follows = False
    with pytest.raises(TimedOut, match="the control plane is down"), down(monkeypatch, cluster):
        pytest.fail("it is not down")
    assert cluster.replicas == {"istiod": 1}


def test_without_a_control_plane_there_is_nothing_to_take_down(monkeypatch):
    with (
        pytest.raises(MeshproofError, match="no Deployment with the label app=istiod"),
        down(monkeypatch, Cluster()),
    ):
        pytest.fail("there is none")
