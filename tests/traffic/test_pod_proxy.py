"""The probe as a sender, through kubernetes' own client and an API server in miniature."""

import json
from contextlib import contextmanager

import pytest
from kubernetes.client import ApiClient, Configuration
from servers import http_server, reply

from meshproof.errors import ExitCode
from meshproof.traffic import Batch, Failure, FailureKind
from meshproof.traffic.probe import BatchRefused, PodProxy, Probe, ProbeUnreachable

BATCH = Batch(count=2, concurrency=1, deadline=30.0)
GOOD = {
    "replies": [
        {
            "status": 200,
            "headers": {"x-served-by": "reviews-v1-1"},
            "body": "{}",
            "seconds": 0.003,
            "failure": None,
        },
        {
            "status": None,
            "headers": {},
            "body": "",
            "seconds": 0.1,
            "failure": {"kind": "reset", "detail": "connection reset by peer"},
        },
    ],
    "partial": True,
}


def pod(name, *, ready="True", leaving=False):
    metadata = {"name": name} | ({"deletionTimestamp": "2026-01-01T00:00:00Z"} if leaving else {})
    return {"metadata": metadata, "status": {"conditions": [{"type": "Ready", "status": ready}]}}


class Cluster:
    """Answers what the API server would: a list of pods, and the proxy of the pods that exist."""

    def __init__(self, *pods, answer=(200, GOOD)):
        self.pods, self.answer = list(pods), answer
        self.lists, self.sent = [], []

    def __call__(self, handler):
        path = handler.path
        if handler.command == "GET":
            self.lists.append(path)
            reply(handler, 200, {"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": self.pods})
            return
        body = handler.rfile.read(int(handler.headers["Content-Length"]))
        name = path.partition("/pods/")[2].partition(":")[0]
        if name not in {one["metadata"]["name"] for one in self.pods}:
            reply(handler, 404, {"kind": "Status", "message": f'pods "{name}" not found'})
            return
        self.sent.append((path, dict(handler.headers), json.loads(body)))
        reply(handler, *self.answer)


@contextmanager
def probe_in(cluster):
    with http_server(cluster) as url:
        configuration = Configuration()
        configuration.host = url
        configuration.api_key = {"authorization": "Bearer token"}
        with ApiClient(configuration) as client:
            yield Probe("probe-a", PodProxy(client, "meshproof-1", "probe-a"))


def test_batch_goes_to_the_ready_pod_and_comes_back_as_replies():
    cluster = Cluster(
        pod("probe-a-0", leaving=True), pod("probe-a-1", ready="False"), pod("probe-a-2"), pod("probe-a-3")
    )
    with probe_in(cluster) as probe:
        call = probe.get("http://reviews:9080/reviews/0", headers={"end-user": "jason"})
        answer = probe.send(call, BATCH)
        probe.send(probe.post("http://x/", "body"), BATCH)
    assert cluster.lists == ["/api/v1/namespaces/meshproof-1/pods?labelSelector=app%3Dprobe-a"]
    (path, headers, document), (_, _, second) = cluster.sent
    assert path == "/api/v1/namespaces/meshproof-1/pods/probe-a-2:15999/proxy/send"
    assert headers["authorization"] == "Bearer token"
    assert document == {
        "protocol": "http",
        "method": "GET",
        "url": "http://reviews:9080/reviews/0",
        "headers": {"end-user": "jason"},
        "body": "",
        "timeout": 5.0,
        "count": 2,
        "concurrency": 1,
        "deadline": 30.0,
        "new_connections": False,
        "body_limit": 65536,
    }
    assert (second["method"], second["body"]) == ("POST", "body")
    good, bad = answer.replies
    assert (good.status, good.pod, good.body, good.seconds) == (200, "reviews-v1-1", "{}", 0.003)
    assert (bad.status, bad.failure) == (None, Failure(FailureKind.RESET, "connection reset by peer"))
    assert answer.partial


def test_pod_that_was_replaced_is_looked_up_again():
    cluster = Cluster(pod("probe-a-1"))
    with probe_in(cluster) as probe:
        probe.send(probe.get("http://x/"), BATCH)
        cluster.pods[:] = [pod("probe-a-2")]
        probe.send(probe.get("http://x/"), BATCH)
    assert [path.partition("/pods/")[2] for path, _, _ in cluster.sent] == [
        "probe-a-1:15999/proxy/send",
        "probe-a-2:15999/proxy/send",
    ]


def test_refused_batch_is_a_mistake_in_the_call():
    cluster = Cluster(pod("probe-a-1"), answer=(422, {"error": "count: must be 1..20000"}))
    with probe_in(cluster) as probe, pytest.raises(BatchRefused, match="count: must be") as error:
        probe.send(probe.get("http://x/"), BATCH)
    assert error.value.exit_code == ExitCode.USAGE


@pytest.mark.parametrize(
    ("cluster", "why"),
    [
        (Cluster(), "none of its 0 pods is ready"),
        (Cluster(pod("probe-a-1", ready="False")), "none of its 1 pods is ready"),
        (
            Cluster(pod("a"), answer=(503, {"kind": "Status", "message": "error trying to reach service"})),
            "status 503: error trying to reach service",
        ),
        (Cluster(pod("a"), answer=(500, "500 Internal Server Error")), "status 500: 500 Internal"),
        (Cluster(pod("a"), answer=(200, "<html>")), "status 200: <html>"),
        (Cluster(pod("a"), answer=(200, {"answers": []})), "no list of replies"),
    ],
)
def test_probe_without_an_answer_is_the_environments_fault(cluster, why):
    with probe_in(cluster) as probe, pytest.raises(ProbeUnreachable, match=why) as error:
        probe.send(probe.get("http://x/"), BATCH)
    assert error.value.exit_code == ExitCode.ENVIRONMENT


def test_api_server_that_is_gone_is_the_environments_fault():
    cluster = Cluster(pod("a"))
    with probe_in(cluster) as probe:
        pass
    with pytest.raises(ProbeUnreachable, match="Connection refused"):
        probe.send(probe.get("http://x/"), BATCH)
