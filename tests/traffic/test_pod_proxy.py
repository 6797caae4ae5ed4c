"""The probe as a sender, through kubernetes' own client and an API server in miniature."""

import json
from contextlib import contextmanager

import pytest
from kubernetes.client import ApiClient, Configuration
from servers import http_server, reply

from meshproof.errors import ExitCode
from meshproof.traffic import Batch, ClientCertificate, Failure, FailureKind, Handshake, Protocol, Tls
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
            "tls": {"version": "TLSv1.3", "alpn": "h2", "certificate": "PEM"},
        },
        {
            "status": None,
            "headers": {},
            "body": "",
            "seconds": 0.1,
            "failure": {"kind": "tls", "detail": "certificate required", "alert": 116},
            "tls": None,
        },
    ],
    "partial": True,
    "reason": "the deadline of 30 s was reached",
}


def pod(name, *, ready="True", leaving=False):
    metadata = {"name": name} | ({"deletionTimestamp": "2026-01-01T00:00:00Z"} if leaving else {})
    return {"metadata": metadata, "status": {"conditions": [{"type": "Ready", "status": ready}]}}


class Cluster:
    """Answers what the API server would: a list of pods, and the proxy of the pods that exist."""

    def __init__(self, *pods, answer=(200, GOOD), seen=(200, {"count": 3, "at": [1.0, 2.0, 3.0]})):
        self.pods, self.answer, self.seen = list(pods), answer, seen
        self.lists, self.sent = [], []

    def __call__(self, handler):
        path = handler.path
        if "/proxy/seen/" in path:
            self.sent.append((path, dict(handler.headers), None))
            reply(handler, *self.seen)
            return
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
    assert cluster.lists == [
        "/api/v1/namespaces/meshproof-1/pods?labelSelector=meshproof.dev/workload%3Dprobe-a"
    ]
    (path, headers, document), (_, _, second) = cluster.sent
    assert path == "/api/v1/namespaces/meshproof-1/pods/probe-a-2:15999/proxy/send"
    assert headers["authorization"] == "Bearer token"
    assert document == {
        "protocol": "http",
        "method": "GET",
        "url": "http://reviews:9080/reviews/0",
        "headers": {"end-user": "jason"},
        "timeout": 5.0,
        "count": 2,
        "concurrency": 1,
        "deadline": 30.0,
        "new_connections": False,
        "body_limit": 32768,
    }
    assert (second["method"], second["body"]) == ("POST", "body")
    good, bad = answer.replies
    assert (good.status, good.pod, good.body, good.seconds) == (200, "reviews-v1-1", "{}", 0.003)
    assert good.tls == Handshake("TLSv1.3", "h2", "PEM")
    assert (bad.status, bad.tls) == (None, None)
    assert bad.failure == Failure(FailureKind.TLS, "certificate required", 116)
    assert (answer.partial, answer.reason) == (True, "the deadline of 30 s was reached")


SETTINGS = Tls(sni="shop.example", ca="CA", client=ClientCertificate("CERTIFICATE", "KEY"), alpn=("h2",))
TLS_FIELDS = {
    "sni": "shop.example",
    "ca": "CA",
    "client_certificate": {"certificate": "CERTIFICATE", "key": "KEY"},
    "alpn": ["h2"],
}


@pytest.mark.parametrize(
    ("made", "fields"),
    [
        (
            lambda probe: probe.get("https://b/", protocol=Protocol.HTTP2, host="shop", tls=SETTINGS),
            {"protocol": "http2", "method": "GET", "url": "https://b/", "host": "shop", **TLS_FIELDS},
        ),
        (
            lambda probe: probe.get("https://b/", protocol=Protocol.HTTP3, host="shop", tls=SETTINGS),
            {"protocol": "http3", "method": "GET", "url": "https://b/", "host": "shop", **TLS_FIELDS},
        ),
        (
            lambda probe: probe.grpc("grpc://b:8082/?delay=1", "hello", headers={"end-user": "jason"}),
            {
                "protocol": "grpc",
                "url": "grpc://b:8082/?delay=1",
                "body": "hello",
                "headers": {"end-user": "jason"},
            },
        ),
        (
            lambda probe: probe.websocket("ws://b:8080/", "hello", host="shop"),
            {"protocol": "websocket", "url": "ws://b:8080/", "body": "hello", "host": "shop"},
        ),
        (
            lambda probe: probe.tcp("tls://b:8444", "hello", tls=Tls("shop.example", version="1.2")),
            {
                "protocol": "tcp",
                "url": "tls://b:8444",
                "body": "hello",
                "sni": "shop.example",
                "tls_version": "1.2",
            },
        ),
        (
            lambda probe: probe.tcp("tcp://b:8084", server_first=True),
            {"protocol": "tcp", "url": "tcp://b:8084", "server_first": True},
        ),
    ],
)
def test_batch_has_the_fields_that_make_sense_for_its_protocol(made, fields):
    cluster = Cluster(pod("probe-a-1"))
    with probe_in(cluster) as probe:
        probe.send(made(probe), Batch(2, 1, 30.0, rate=5.0, keep_headers=("x-served-by",)))
    ((_, _, document),) = cluster.sent
    how = {
        "timeout": 5.0,
        "count": 2,
        "concurrency": 1,
        "deadline": 30.0,
        "new_connections": False,
        "body_limit": 32768,
        "rate": 5.0,
        "keep_headers": ["x-served-by"],
    }
    assert document == fields | how


def test_calls_of_a_key_are_counted_at_every_ready_pod():
    cluster = Cluster(pod("probe-b-1"), pod("probe-b-2"), pod("probe-b-3", ready="False"))
    with probe_in(cluster) as probe:
        assert probe.seen("a key/1") == 6
    assert [path.partition("/pods/")[2] for path, _, _ in cluster.sent] == [
        "probe-b-1:15999/proxy/seen/a%20key%2F1",
        "probe-b-2:15999/proxy/seen/a%20key%2F1",
    ]


def test_calls_of_many_keys_are_counted_by_one_request_to_each_ready_pod():
    cluster = Cluster(
        pod("probe-b-1"), pod("probe-b-2"), pod("probe-b-3", ready="False"), answer=(200, {"counts": [3, 0]})
    )
    with probe_in(cluster) as probe:
        assert probe.seen_all(["k1", "k2"]) == (6, 0)
    assert [(path.partition("/pods/")[2], document) for path, _, document in cluster.sent] == [
        (f"probe-b-{number}:15999/proxy/seen", {"keys": ["k1", "k2"]}) for number in (1, 2)
    ]
    assert len(cluster.lists) == 1


@pytest.mark.parametrize(
    "answer",
    [
        (404, "404: Not Found"),
        (200, {}),
        (200, {"counts": [1]}),
        (200, {"counts": [1, "2"]}),
        (200, "<html>"),
    ],
)
def test_probe_that_does_not_count_all_keys_is_the_environments_fault(answer):
    cluster = Cluster(pod("a"), answer=answer)
    with probe_in(cluster) as probe, pytest.raises(ProbeUnreachable, match=f"status {answer[0]}"):
        probe.seen_all(["k1", "k2"])


def test_different_calls_go_in_one_request_and_each_has_its_answer():
    late = {"replies": [], "partial": True, "reason": "the deadline of 9 s was reached"}
    cluster = Cluster(pod("probe-a-1"), answer=(200, {"answers": [GOOD, late]}))
    with probe_in(cluster) as probe:
        calls = [probe.get("http://b/?key=1"), probe.get("http://b/?key=2")]
        first, second = probe.send_each(calls, BATCH, concurrency=2, deadline=9.0)
    ((path, _, document),) = cluster.sent
    assert path.endswith("/pods/probe-a-1:15999/proxy/send-each")
    assert (document["concurrency"], document["deadline"]) == (2, 9.0)
    assert [(batch["url"], batch["count"], batch["deadline"]) for batch in document["batches"]] == [
        ("http://b/?key=1", 2, 30.0),
        ("http://b/?key=2", 2, 30.0),
    ]
    assert [reply.status for reply in first.replies] == [200, None]
    assert (second.replies, second.partial, second.reason) == ((), True, "the deadline of 9 s was reached")


def test_different_calls_of_which_one_is_refused_are_a_mistake_in_the_calls():
    cluster = Cluster(pod("a"), answer=(422, {"error": "batches[1]: url: must be given"}))
    with probe_in(cluster) as probe, pytest.raises(BatchRefused, match=r"batches\[1\]: url"):
        probe.send_each([probe.get("http://b/")], BATCH, concurrency=1, deadline=9.0)


@pytest.mark.parametrize("answer", [GOOD, {"answers": [GOOD]}, {"answers": [GOOD, {}]}])
def test_different_calls_without_an_answer_to_each_are_the_environments_fault(answer):
    cluster = Cluster(pod("a"), answer=(200, answer))
    with probe_in(cluster) as probe, pytest.raises(ProbeUnreachable, match="no list of replies"):
        probe.send_each([probe.get("http://b/")] * 2, BATCH, concurrency=1, deadline=9.0)


@pytest.mark.parametrize("answer", [(404, "404: Not Found"), (200, {}), (200, "<html>")])
def test_probe_that_does_not_count_is_the_environments_fault(answer):
    cluster = Cluster(pod("a"), seen=answer)
    with probe_in(cluster) as probe, pytest.raises(ProbeUnreachable, match=f"status {answer[0]}"):
        probe.seen("key")


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
