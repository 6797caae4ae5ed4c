"""Pods as people count them, and calls made in one of them."""

from types import SimpleNamespace

import pytest
from kubernetes.client import CoreV1Api

from meshproof.errors import MeshproofError
from meshproof.traffic import Batch, Budgets, CannotSend
from meshproof.workloads import Curl, pods_of


def container(name, restart_policy=None):
    return SimpleNamespace(name=name, restart_policy=restart_policy)


def pod(name, containers, inits=(), ready=(), deleted=None):
    statuses = [SimpleNamespace(name=name, ready=True, restart_count=2) for name in ready]
    return SimpleNamespace(
        metadata=SimpleNamespace(name=name, deletion_timestamp=deleted),
        spec=SimpleNamespace(containers=containers, init_containers=inits),
        status=SimpleNamespace(container_statuses=statuses, init_container_statuses=None),
    )


@pytest.fixture
def listed(monkeypatch):
    pods = []
    monkeypatch.setattr(
        CoreV1Api, "list_namespaced_pod", lambda _api, _namespace, **_: SimpleNamespace(items=pods)
    )
    return pods


def test_native_sidecar_counts_and_a_step_of_the_start_does_not(listed):
    inits = [container("istio-init"), container("istio-proxy", "Always")]
    listed.append(pod("reviews-1", [container("reviews")], inits, ready=["reviews", "istio-proxy"]))
    assert [str(found) for found in pods_of(None, "ns", "reviews")] == ["2/2 (istio-proxy, reviews)"]


def test_restarts_of_all_containers_are_counted(listed):
    containers = [container("reviews"), container("istio-proxy")]
    listed.append(pod("reviews-1", containers, ready=["reviews", "istio-proxy"]))
    listed.append(pod("reviews-2", containers))
    assert [found.restarts for found in pods_of(None, "ns", "reviews")] == [4, 0]


def test_container_without_a_status_is_not_ready(listed):
    listed.append(pod("reviews-1", [container("reviews"), container("istio-proxy")], None, ready=["reviews"]))
    assert [str(found) for found in pods_of(None, "ns", "reviews")] == ["1/2 (istio-proxy, reviews)"]


def test_pod_that_is_being_deleted_is_left_out(listed):
    listed.append(pod("reviews-1", [container("reviews")], deleted="now"))
    assert pods_of(None, "ns", "reviews") == ()


@pytest.fixture
def printed(monkeypatch):
    """What curl prints; the commands and their seconds are kept."""
    asked = []
    body = "<title>Shop</title>\n"

    def run(_curl, pod, command, seconds):
        asked.append((pod, command, seconds))
        mark = command[command.index("--write-out") + 1].partition("%")[0]
        measured = '{"time_total":0.25,"exitcode":0,"http_code":200,"errormsg":null}'
        return f'{body}{mark}{measured}{mark}{{"server":["envoy"]}}{mark}' * 3

    monkeypatch.setattr(Curl, "_run", run)
    return asked


def test_batch_is_one_command(listed, printed):
    listed.append(pod("ratings-1", [container("ratings")]))
    curl = Curl(None, "ns", "ratings", Budgets())
    call = curl.get("productpage:9080/productpage")
    assert str(call) == "curl in ratings -> GET productpage:9080/productpage"
    answer = curl.send(call, Batch(3, 2, deadline=10))
    assert ([reply.status for reply in answer.replies], answer.partial) == ([200] * 3, False)
    ((name, _, seconds),) = printed
    assert (name, seconds) == ("ratings-1", 15)


def test_different_calls_at_the_same_time_are_refused(printed):
    curl = Curl(None, "ns", "ratings", Budgets())
    with pytest.raises(CannotSend, match="curl in ratings sends one call at a time, not 2 different ones"):
        curl.send_each([curl.get("x"), curl.get("y")], Batch(1, 1, deadline=10), concurrency=2, deadline=10)
    assert printed == []


def test_batch_that_was_stopped_is_partial_and_says_so(listed, printed):
    listed.append(pod("ratings-1", [container("ratings")]))
    curl = Curl(None, "ns", "ratings", Budgets())
    answer = curl.send(curl.get("x"), Batch(5, 1, deadline=2))
    assert (len(answer.replies), answer.partial, answer.reason) == (3, True, "stopped after 2 s")
    late = curl.send(curl.get("x"), Batch(5, 1, deadline=-1))
    assert (late.replies, late.partial) == ((), True)
    assert len(printed) == 1


@pytest.mark.usefixtures("listed")
def test_missing_pod_is_an_error():
    curl = Curl(None, "ns", "ratings", Budgets())
    with pytest.raises(MeshproofError, match="no pod with the label app=ratings runs in ns"):
        curl.send(curl.get("x"), Batch(1, 1, 1))
