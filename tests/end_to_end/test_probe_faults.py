"""Every fault of the probe on a real mesh, and what the proxies on the way make of it.

A proxy answers for a server that it lost: HTTP gets a 503 that names the cause. A reply that has begun it can
only break off, because a status that was sent cannot be taken back: it resets the stream of HTTP/2 and closes
the connection of HTTP/1.1, whatever the server did. Bytes of TCP it passes on, and a reset with them.

And the caller's proxy tries again on its own what Istio holds safe to repeat by default: gRPC's UNAVAILABLE
and CANCELLED, twice, but no 503 and no request that was sent and then lost.
"""

import uuid
from dataclasses import dataclass, replace

import pytest
from probes import ROUTES, SPOKEN, deploy, sent, settle

from meshproof.checks import (
    body_contains,
    closed,
    grpc_status,
    refused,
    reset,
    served_by,
    slower_than,
    status,
    tls_alert,
)
from meshproof.traffic import Check, Expect, Protocol, Tls

OK, UNAVAILABLE, INVALID_ARGUMENT, CANCELLED, EXHAUSTED = 0, 14, 3, 1, 8
HAS_SIDECAR = {"probe-a", "probe-b"}
RETRIES = 2
"""How often a proxy tries again, unless a VirtualService says otherwise."""


@dataclass(frozen=True)
class Fault:
    """What a called probe is told, and what comes of it.

    Args:
        spoken: the protocol.
        told: instructions.
        direct: what the caller gets from the probe itself.
        proxied: what it gets when a proxy is on the way; the same when None.
        retried: whether the caller's proxy tries again.
    """

    spoken: str
    told: str
    direct: Check
    proxied: Check | None = None
    retried: bool = False

    def __str__(self) -> str:
        return f"{self.spoken}-{self.told}"


LOST = status(503) & body_contains("reset reason: connection termination")
BROKEN_STREAM = status(503) & body_contains("reset reason: remote reset")

FAULTS = [
    Fault("http", "delay=0.5", status(200) & slower_than(0.5)),
    Fault("http", "status=418", status(418)),
    Fault("http", "status=503", status(503)),
    Fault("http", "size=100000", status(200) & body_contains("x" * 60_000)),
    Fault("http", "chunks=3&interval=0.2", status(200) & slower_than(0.4)),
    Fault("http", "close=1", closed(), LOST),
    Fault("http", "reset=1", reset(), LOST),
    Fault("http", "chunks=3&after=1&close=1", closed()),
    Fault("http", "chunks=3&after=1&reset=1", reset(), closed()),
    Fault("http2", "delay=0.5", status(200) & slower_than(0.5)),
    Fault("http2", "status=503", status(503)),
    Fault("http2", "close=1", closed(), LOST),
    Fault("http2", "reset=1", reset(), BROKEN_STREAM),
    Fault("http2", "chunks=3&after=1&close=1", closed(), reset()),
    Fault("http2", "chunks=3&after=1&reset=1", reset()),
    Fault("grpc", "delay=0.5", grpc_status(OK) & slower_than(0.5)),
    Fault("grpc", f"status={EXHAUSTED}", grpc_status(EXHAUSTED)),
    Fault("grpc", f"status={UNAVAILABLE}", grpc_status(UNAVAILABLE), retried=True),
    Fault("grpc", f"status={CANCELLED}", grpc_status(CANCELLED), retried=True),
    Fault("grpc-watch", "chunks=3&interval=0.2", grpc_status(OK) & slower_than(0.4)),
    Fault("grpc-watch", f"chunks=3&status={UNAVAILABLE}", grpc_status(UNAVAILABLE)),
    Fault("grpc-collect", f"status={UNAVAILABLE}", grpc_status(UNAVAILABLE), retried=True),
    Fault("grpc-chat", f"status={EXHAUSTED}", grpc_status(EXHAUSTED)),
    Fault("websocket", "delay=0.5", status(101) & slower_than(0.5)),
    Fault("websocket", "status=503", status(503)),
    Fault("websocket", "close=1", closed(), LOST),
    Fault("websocket", "reset=1", reset(), LOST),
    Fault("websocket", "chunks=3&after=1&close=1", closed()),
    Fault("websocket", "chunks=3&after=1&reset=1", reset(), closed()),
    Fault("tcp", "delay=0.5", slower_than(0.5)),
    Fault("tcp", "chunks=3&interval=0.2", slower_than(0.4)),
    Fault("tcp", "close=1", closed()),
    Fault("tcp", "reset=1", reset()),
    Fault("tcp", "chunks=3&after=1&close=1", closed()),
    Fault("tcp", "chunks=3&after=1&reset=1", reset()),
    Fault("https", "status=503", status(503)),
    Fault("https", "close=1", closed()),
    Fault("https", "reset=1", reset()),
    Fault("https-http2", "reset=1", reset()),
    Fault("tls", "delay=0.5", slower_than(0.5)),
    Fault("tls", "close=1", closed()),
    Fault("tls", "reset=1", reset()),
]


@pytest.fixture(scope="module")
def probes(demo, helm, namespace):
    made = deploy(demo.cluster, helm, namespace("faults"), demo.supplied.images["probe"])
    for source, target in ROUTES.values():
        for spoken in {fault.spoken for fault in FAULTS}:
            settle(SPOKEN[spoken].make(made(source), target), served_by(target))
    return made


@pytest.fixture
def key():
    return uuid.uuid4().hex


def judged(call, check):
    reply = sent(call)
    assert check(reply) is None, f"{check(reply)}, not {check.description}: {reply}"


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_every_fault_arrives_as_the_way_leaves_it(probes, key, route, fault):
    source, target = ROUTES[route]
    call = SPOKEN[fault.spoken].make(probes(source), target, f"{fault.told}&key={key}")
    proxied = fault.proxied if HAS_SIDECAR & {source, target} else None
    judged(call, proxied or fault.direct)
    tries = 1 + RETRIES if fault.retried and source in HAS_SIDECAR else 1
    assert probes(target).seen(key) == tries


def test_the_called_sides_proxy_logs_a_lost_connection_as_the_upstreams(probes, key):
    judged(SPOKEN["http"].make(probes("probe-a"), "probe-b", f"reset=1&key={key}"), LOST)

    def logged() -> str:
        lines = [line for line in probes.proxy_log("probe-b").splitlines() if key in line]
        return lines[-1] if lines else ""

    Expect().eventually(
        logged,
        lambda line: None if " 503 UC " in line else f"no 503 UC in {line!r}",
        what="access log of probe-b's proxy",
        expected="503 and the flag UC",
    )


FIRST_FAIL = [
    ("http", "fail_first=2", status(503), status(200)),
    ("http2", "fail_first=2&fail_with=500", status(500), status(200)),
    ("websocket", "fail_first=2", status(503), status(101)),
    ("tcp", "fail_first=2", closed(), None),
    ("tls", "fail_first=2&fail_with=reset", reset(), None),
]


@pytest.mark.parametrize("route", ["two-sidecars", "no-sidecar"])
@pytest.mark.parametrize("case", FIRST_FAIL, ids=lambda case: case[0])
def test_the_first_calls_of_a_key_fail_and_the_next_succeeds(probes, key, route, case):
    (source, target), (spoken, told, failed, good) = ROUTES[route], case
    call = SPOKEN[spoken].make(probes(source), target, f"{told}&key={key}")
    answered = served_by(target)
    for check in (failed, failed, good & answered if good else answered):
        judged(call, check)
    assert probes(target).seen(key) == 3


def test_a_proxy_hides_what_it_may_retry(probes, key):
    told = f"fail_first={RETRIES}&key={key}"
    judged(SPOKEN["grpc"].make(probes("probe-a"), "probe-b", told), grpc_status(OK))
    assert probes("probe-b").seen(key) == 1 + RETRIES


def test_without_a_proxy_nothing_is_hidden(probes, key):
    call = SPOKEN["grpc"].make(probes("probe-plain"), "probe-other", f"fail_first={RETRIES}&key={key}")
    for check in (grpc_status(UNAVAILABLE), grpc_status(UNAVAILABLE), grpc_status(OK)):
        judged(call, check)


REFUSED = [
    ("http", "delay=61", status(400) & body_contains("delay: must be 0..60 seconds")),
    ("http", "probe-colour=red", status(400) & body_contains("probe-colour: unknown instruction")),
    ("http2", "fail_first=1", status(400) & body_contains("fail_first: needs key")),
    ("grpc", "reset=1", grpc_status(INVALID_ARGUMENT)),
    ("grpc-watch", "status=17", grpc_status(INVALID_ARGUMENT)),
    ("websocket", "status=1", status(400)),
    ("tcp", "status=503", body_contains("status: TCP has no status")),
]


@pytest.mark.parametrize("route", ["two-sidecars", "no-sidecar"])
@pytest.mark.parametrize(("spoken", "told", "check"), REFUSED)
def test_what_cannot_be_done_is_refused_and_not_left_out(probes, route, spoken, told, check):
    source, target = ROUTES[route]
    judged(SPOKEN[spoken].make(probes(source), target, told), check)


STRICT = {
    "two-sidecars": ("probe-a", "probe-strict"),
    "no-sidecar": ("probe-plain", "probe-strict-plain"),
    "into-a-sidecar": ("probe-plain", "probe-strict"),
    "out-of-a-sidecar": ("probe-a", "probe-strict-plain"),
}
HANDSHAKE_FAILURE, UNKNOWN_CA, CERTIFICATE_REQUIRED = 40, 48, 116


@pytest.mark.parametrize("route", STRICT)
@pytest.mark.parametrize("spoken", ["https", "https-http2", "tls"])
def test_a_client_without_the_right_certificate_gets_the_alert_that_says_why(probes, route, spoken):
    source, target = STRICT[route]
    known = probes.certificates()
    call = SPOKEN[spoken].make(probes(source), target)

    def shows(client=None, version=None):
        return replace(call, tls=replace(call.tls or Tls(), client=client, version=version))

    settle(shows(known.reader), served_by(target))
    judged(shows(), tls_alert(CERTIFICATE_REQUIRED))
    judged(shows(version="1.2"), tls_alert(HANDSHAKE_FAILURE))
    judged(shows(known.stranger), tls_alert(UNKNOWN_CA))


@pytest.mark.parametrize("route", ["two-sidecars", "no-sidecar"])
def test_a_server_that_the_caller_does_not_trust_is_turned_down_by_the_caller(probes, route):
    source, target = ROUTES[route]
    ca = probes.certificates().ca
    call = probes(source).get(f"https://{target}:8443/")
    judged(replace(call, tls=Tls(sni="shop.example", ca=ca)), status(200))
    reply = sent(replace(call, tls=Tls(sni="elsewhere.example", ca=ca)))
    assert (reply.failure.kind, reply.failure.alert) == ("tls", None)
    reply = sent(replace(call, url=call.url.replace(target, "probe-plain"), tls=Tls(ca=ca)))
    assert (reply.failure.kind, reply.failure.alert) == ("tls", None)


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("spoken", ["http", "http2", "grpc", "websocket", "tcp"])
def test_silence_is_a_timeout_and_never_a_denial(probes, route, spoken):
    source, target = ROUTES[route]
    call = SPOKEN[spoken].make(probes(source), target, "delay=30")
    reply = sent(replace(call, timeout=0.5))
    assert reply.failure.kind == "timeout"
    assert refused()(reply) is not None


@pytest.mark.parametrize("source", ["probe-a", "probe-plain"])
@pytest.mark.parametrize("spoken", ["http", "http2", "grpc", "websocket", "tcp"])
def test_a_name_without_an_address_is_told_apart(probes, source, spoken):
    # Absolute, and of the cluster's own domain: nobody outside it is asked.
    name = f"nobody-at-home.{probes.namespace}.svc.cluster.local."
    reply = sent(SPOKEN[spoken].make(probes(source), name))
    assert reply.failure.kind == "dns"


@pytest.mark.parametrize("spoken", ["http", "http2", "grpc", "websocket", "tcp"])
def test_a_port_that_nobody_listens_on_refuses(probes, spoken):
    call = SPOKEN[spoken].make(probes("probe-plain"), "localhost")
    nobody = replace(call, url=call.url.replace(":80", ":90"))
    judged(nobody, refused("refused"))


def test_tls_to_a_port_of_plain_text_is_no_handshake(probes):
    call = probes("probe-plain").get("https://probe-other:8080/", protocol=Protocol.HTTP2)
    assert sent(call).failure.kind == "tls"
