"""Endpoints leave their Services and come back; pods are replaced."""

from types import SimpleNamespace as Named

import pytest

from meshproof.endpoints import SERVING_LABEL, Endpoints
from meshproof.errors import MeshproofError
from meshproof.wait import TimedOut


class Cluster:
    """Pods and one endpoint slice, as the API shows them; `follows` is whether the slice heeds the pods."""

    def __init__(self, **pods):
        self.pods = {f"{workload}-{n}": workload for workload, count in pods.items() for n in range(count)}
        self.labels = dict.fromkeys(self.pods, "true")
        self.going = set()
        self.said = []
        self.follows = True
        self.made = 0
        self.empty_looks = 0

    def list_namespaced_pod(self, namespace, label_selector):
        assert namespace == "shop"
        workload = label_selector.partition("=")[2]
        if self.going and self.empty_looks:
            self.empty_looks -= 1
            return Named(items=[])
        names = [name for name, of in self.pods.items() if of == workload]
        return Named(items=[self.pod(name) for name in names])

    def pod(self, name):
        gone = "now" if name in self.going else None
        return Named(metadata=Named(name=name, deletion_timestamp=gone), status=Named(pod_ip=f"ip-{name}"))

    def patch_namespaced_pod(self, name, namespace, body):
        assert namespace == "shop"
        self.labels[name] = body["metadata"]["labels"][SERVING_LABEL]
        self.said.append((name, self.labels[name]))

    def delete_namespaced_pod(self, name, namespace):
        assert namespace == "shop"
        self.going.add(name)
        self.made += 1
        self.pods[f"new-{self.made}"] = self.pods[name]
        self.labels[f"new-{self.made}"] = "true"

    def list_namespaced_endpoint_slice(self, namespace):
        assert namespace == "shop"
        serving = [
            name
            for name in self.pods
            if not self.follows or (self.labels[name] == "true" and name not in self.going)
        ]
        # What says nothing of itself is ready; what says that it is not, is not.
        ready = [Named(addresses=[f"ip-{name}"], conditions=None) for name in serving]
        unready = [Named(addresses=[f"ip-{name}"], conditions=Named(ready=False)) for name in self.going]
        return Named(items=[Named(endpoints=ready + unready), Named(endpoints=None)])


@pytest.fixture
def cluster(monkeypatch):
    cluster = Cluster(a=2, b=1)
    monkeypatch.setattr("meshproof.endpoints.client.CoreV1Api", lambda _: cluster)
    monkeypatch.setattr("meshproof.endpoints.client.DiscoveryV1Api", lambda _: cluster)
    return cluster


@pytest.fixture
def endpoints(cluster):  # noqa: ARG001 - it answers in place of the API server
    return Endpoints(None, "shop", 0.3)


def test_all_pods_of_the_workloads_are_out_and_then_back(cluster, endpoints):
    with endpoints.without("a", "b"):
        assert set(cluster.labels.values()) == {"false"}
    assert set(cluster.labels.values()) == {"true"}


def test_other_workloads_are_left_alone(cluster, endpoints):
    with endpoints.without("b"):
        assert cluster.labels == {"a-0": "true", "a-1": "true", "b-0": "false"}
    assert {name for name, _ in cluster.said} == {"b-0"}


def test_they_come_back_whatever_happens(cluster, endpoints):
    with pytest.raises(ZeroDivisionError), endpoints.without("a"):
        _ = 1 / 0
    assert set(cluster.labels.values()) == {"true"}


def test_they_come_back_also_when_kubernetes_does_not_follow(cluster, endpoints):
    cluster.follows = False
    with pytest.raises(TimedOut, match="ip-b-0 serve no longer"), endpoints.without("b"):
        pytest.fail("nothing was taken out")
    assert cluster.said == [("b-0", "false"), ("b-0", "true")]


def test_workload_without_pods_is_refused(endpoints):
    with pytest.raises(MeshproofError, match="workload=c runs in shop"), endpoints.without("c"):
        pytest.fail("there is nothing to take out")


def test_one_pod_is_replaced(cluster, endpoints):
    assert endpoints.replace("a") == "a-0"
    assert cluster.going == {"a-0"}


def test_pod_that_stays_is_waited_for(cluster, endpoints):
    with pytest.raises(TimedOut, match="pod b-0 is replaced"):
        endpoints.replace("b", until_gone=True)
    del cluster.pods["b-0"]
    assert endpoints.replace("b") == "new-1"


def test_workload_may_be_without_pods_for_a_moment(cluster, endpoints):
    cluster.empty_looks = 1
    assert endpoints.replace("b") == "b-0"
    assert cluster.empty_looks == 0
