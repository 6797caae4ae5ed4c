"""Every protocol of the probe on a real mesh: between sidecars, without any, and from side to side."""

import uuid
from dataclasses import replace

import pytest
from probes import BODY, NAME, ONE, ROUTES, SPOKEN, deploy, saw, sent, settle

from meshproof.checks import refused, served_by, status, tls_alert
from meshproof.process import Stopwatch
from meshproof.traffic import Batch, Protocol, Tls
from meshproof.traffic.probe import BatchRefused

CERTIFICATE = "x-forwarded-client-cert"
INBOUND = "127.0.0.6"
"""The address from which a sidecar calls the container beside it."""

CERTIFICATE_REQUIRED = 116
WITH_HEADERS = ["http", "http2", "grpc", "websocket"]


@pytest.fixture(scope="module")
def probes(demo, helm, namespace):
    return deploy(demo.cluster, helm, namespace("protocols"), demo.supplied.images["probe"])


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("spoken", SPOKEN)
def test_every_protocol_is_answered_on_every_route(probes, route, spoken):
    (source, target), way = ROUTES[route], SPOKEN[spoken]
    call = way.make(probes(source), target)
    settle(call, served_by(target))
    reply = sent(call)
    seen = saw(reply)
    assert reply.status == way.status
    assert (seen["protocol"], seen["body"]) == (way.protocol, BODY)
    assert reply.pod == seen["served_by"]["pod"]
    assert (reply.tls.alpn if reply.tls else None, seen["alpn"]) == (way.alpn, way.alpn)
    assert (reply.tls is not None, seen["tls"] is not None) == (way.tls, way.tls)


@pytest.mark.parametrize("spoken", WITH_HEADERS)
def test_between_two_sidecars_both_identities_arrive_with_the_call(probes, spoken):
    call = SPOKEN[spoken].make(probes("probe-a"), "probe-b")
    settle(call, served_by("probe-b"))
    certificate = saw(sent(call))["headers"][CERTIFICATE]
    for workload in ("probe-a", "probe-b"):
        assert f"spiffe://cluster.local/ns/{probes.namespace}/sa/{workload}" in certificate


@pytest.mark.parametrize("route", ["no-sidecar", "into-a-sidecar", "out-of-a-sidecar"])
@pytest.mark.parametrize("spoken", WITH_HEADERS)
def test_with_one_sidecar_or_none_nobody_has_shown_an_identity(probes, route, spoken):
    source, target = ROUTES[route]
    call = SPOKEN[spoken].make(probes(source), target)
    settle(call, served_by(target))
    assert CERTIFICATE not in saw(sent(call))["headers"]


@pytest.mark.parametrize("spoken", ["tcp", "https", "tls"])
@pytest.mark.parametrize("target", ["probe-b", "probe-plain"])
def test_bytes_and_tls_pass_the_called_sides_sidecar(probes, spoken, target):
    call = SPOKEN[spoken].make(probes("probe-a"), target)
    settle(call, served_by(target))
    through_sidecar = saw(sent(call))["peer"].startswith(f"{INBOUND}:")
    assert through_sidecar == (target == "probe-b")


@pytest.mark.parametrize("route", ["two-sidecars", "no-sidecar", "into-a-sidecar"])
def test_tls_is_the_probes_own_from_end_to_end(probes, route):
    source, target = ROUTES[route]
    known = probes.certificates()
    tls = Tls(sni=NAME, ca=known.ca, client=known.reader, alpn=("h2",))
    call = probes(source).get(f"https://{target}:8443/", protocol=Protocol.HTTP2, tls=tls)
    settle(call, served_by(target))
    reply = sent(call)
    seen = saw(reply)
    assert reply.tls.certificate.split() == known.server.split()
    assert (reply.tls.version, seen["tls"], seen["sni"], seen["alpn"]) == ("TLSv1.3", "TLSv1.3", NAME, "h2")
    assert seen["client_certificate"]["subject"] == "CN=reader"
    assert seen["client_certificate"]["sans"] == ["DNS:reader.example"]
    assert seen["client_certificate"]["pem"].split() == known.reader.certificate.split()


@pytest.mark.parametrize("route", ["two-sidecars", "no-sidecar"])
@pytest.mark.parametrize("spoken", ["http", "http2", "websocket"])  # gRPC's library does not tell it
def test_a_call_can_name_another_host(probes, route, spoken):
    source, target = ROUTES[route]
    call = replace(SPOKEN[spoken].make(probes(source), target), host=NAME)
    settle(call, served_by(target))
    assert saw(sent(call))["headers"]["host"] == NAME


@pytest.mark.parametrize("route", ["two-sidecars", "no-sidecar", "out-of-a-sidecar"])
def test_a_server_that_speaks_first_is_heard_before_anything_is_said(probes, route):
    source, target = ROUTES[route]
    call = probes(source).tcp(f"tcp://{target}:8084", BODY, server_first=True)
    settle(call, served_by(target))
    assert saw(sent(call))["body"] == BODY


def test_a_sidecar_that_also_takes_plaintext_waits_for_the_caller_to_speak(probes):
    # It tells mutual TLS from plaintext by the first bytes, and this caller sends none before it is greeted.
    call = probes("probe-plain").tcp("tcp://probe-b:8084", BODY, server_first=True)
    reply = sent(replace(call, timeout=2.0))
    assert reply.failure.kind == "timeout"


@pytest.mark.parametrize("route", ["two-sidecars", "no-sidecar"])
@pytest.mark.parametrize("spoken", ["grpc-watch", "grpc-chat", "websocket"])
def test_streams_bring_as_many_messages_as_told(probes, route, spoken):
    source, target = ROUTES[route]
    call = SPOKEN[spoken].make(probes(source), target, "chunks=3&interval=0.1")
    settle(call, served_by(target))
    reply = sent(call)
    assert reply.seconds > 0.2
    assert reply.body.count('"chunk"') == 3


def test_a_probe_counts_the_calls_of_a_key_whatever_carried_them(probes):
    key = uuid.uuid4().hex
    for way in SPOKEN.values():
        assert saw(sent(way.make(probes("probe-plain"), "probe-other", f"key={key}")))["body"] == BODY
    assert probes("probe-other").seen(key) == len(SPOKEN)
    assert probes("probe-plain").seen(key) == 0


@pytest.mark.parametrize("spoken", SPOKEN)
def test_connections_are_kept_or_new_as_told(probes, spoken):
    call = SPOKEN[spoken].make(probes("probe-plain"), "probe-other")
    for new, connections in ((True, 4), (False, 1)):
        replies = probes("probe-plain").send(call, replace(ONE, count=4, new_connections=new)).replies
        assert len({saw(reply)["peer"] for reply in replies}) == connections


def test_calls_go_out_at_the_rate_that_was_asked_for(probes):
    call = probes("probe-a").get("http://probe-b:8080/")
    settle(call, status(200))
    watch = Stopwatch()
    answer = call.sender.send(call, Batch(count=61, concurrency=11, deadline=60.0, rate=20.0))
    assert len(answer.replies) == 61
    # The first goes out at once, the last sixty twentieths of a second later; without a rate, all far sooner.
    assert watch.seconds > 2.9


def test_only_wanted_headers_come_back(probes):
    call = probes("probe-a").get("http://probe-b:8080/")
    (reply,) = call.sender.send(call, replace(ONE, keep_headers=("x-served-workload",))).replies
    assert dict(reply.headers) == {"x-served-workload": "probe-b"}


def test_what_makes_no_sense_is_refused_by_the_name_of_its_field(probes):
    call = probes("probe-a").get("http://probe-b:8080/", tls=Tls(sni=NAME))
    with pytest.raises(BatchRefused, match=r"\(sni: "):
        sent(call)


@pytest.mark.parametrize("spoken", SPOKEN)
def test_mutual_tls_is_around_whatever_two_sidecars_carry(probes, spoken):
    # Where nothing else is let in, what comes in has mutual TLS around it: TLS of the probes' own, too.
    way = SPOKEN[spoken]
    with probes.strict("probe-b"):
        turned_away = tls_alert(CERTIFICATE_REQUIRED) if way.tls else refused("reset", "closed")
        settle(way.make(probes("probe-plain"), "probe-b"), turned_away)
        settle(way.make(probes("probe-a"), "probe-b"), served_by("probe-b"))
