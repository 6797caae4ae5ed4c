"""Pods as people count them, and replies as curl prints them."""

from types import SimpleNamespace

import pytest
from kubernetes.client import CoreV1Api

from meshproof.errors import MeshproofError
from meshproof.traffic import Batch, Budgets
from meshproof.workloads import Curl, pods_of, reply_of


def container(name, restart_policy=None):
    return SimpleNamespace(name=name, restart_policy=restart_policy)


def pod(name, containers, inits=(), ready=(), deleted=None):
    statuses = [SimpleNamespace(name=name, ready=True) for name in ready]
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


def test_container_without_a_status_is_not_ready(listed):
    listed.append(pod("reviews-1", [container("reviews"), container("istio-proxy")], None, ready=["reviews"]))
    assert [str(found) for found in pods_of(None, "ns", "reviews")] == ["1/2 (istio-proxy, reviews)"]


def test_pod_that_is_being_deleted_is_left_out(listed):
    listed.append(pod("reviews-1", [container("reviews")], deleted="now"))
    assert pods_of(None, "ns", "reviews") == ()


def test_reply_is_read_from_what_curl_printed():
    reply = reply_of("<title>Shop</title>\n\n200", 0.25, 1000)
    assert (reply.status, reply.body, reply.seconds) == (200, "<title>Shop</title>\n", 0.25)
    assert reply_of("abc\n503", 0.1, 2).body == "ab"


def test_call_without_a_reply_is_a_failure():
    reply = reply_of("\n000", 5.0, 1000)
    assert reply.status is None
    assert str(reply.failure) == "curl got no reply"


def test_output_that_is_not_curls_is_no_reply():
    with pytest.raises(MeshproofError, match="curl did not run in the container: sh: curl: not found"):
        reply_of("sh: curl: not found", 0.1, 1000)


def test_batch_stops_at_its_deadline(listed, monkeypatch):
    listed.append(pod("ratings-1", [container("ratings")]))
    monkeypatch.setattr(Curl, "_run", lambda *_: "page\n200")
    curl = Curl(None, "ns", "ratings", Budgets())
    call = curl.get("productpage:9080/productpage")
    assert str(call) == "curl in ratings -> GET productpage:9080/productpage"
    whole = curl.send(call, Batch(5, 2, deadline=5))
    assert ([reply.status for reply in whole.replies], whole.partial) == ([200] * 5, False)
    late = curl.send(call, Batch(5, 2, deadline=-1))
    assert (late.replies, late.partial) == ((), True)


@pytest.mark.usefixtures("listed")
def test_missing_pod_is_an_error():
    curl = Curl(None, "ns", "ratings", Budgets())
    with pytest.raises(MeshproofError, match="no pod with the label app=ratings runs in ns"):
        curl.send(curl.get("x"), Batch(1, 1, 1))
