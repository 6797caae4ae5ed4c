"""Checks say why a reply missed."""

import json

import pytest
from scripted import RESET, failed, served

from meshproof import checks
from meshproof.certificates import Authority
from meshproof.traffic import Failure, FailureKind, Reply
from meshproof.traffic.reply import Handshake

PAGE = Reply(200, {"content-type": "text/html"}, "<html><title>\n Simple Bookstore &amp; App</title><body/>")
DENIED = Reply(403, {"content-type": "text/plain"}, "RBAC: access denied")
ECHO = Reply(
    200, body=json.dumps({"headers": {"x-forwarded-client-cert": "URI=spiffe://cluster.local/ns/a/sa/b"}})
)
ASKED = Reply(200, body=json.dumps({"path": "/new", "headers": {"host": "backend:8080", "x-two": "a, b"}}))
OUTAGE = Reply(200, {"grpc-status": "14", "grpc-message": "down"})
CUT_SHORT = Reply(200, failure=Failure(FailureKind.CLOSED, "connection closed within the reply"))
ALERT = Reply(None, failure=Failure(FailureKind.TLS, "alert 116 (certificate_required) from the peer", 116))
XFCC = "x-forwarded-client-cert"
IDENTITY = "URI=spiffe://cluster.local/ns/a/sa/b"


@pytest.mark.parametrize(
    ("check", "reply", "reason"),
    [
        (checks.status(200), served(1), None),
        (checks.status(200), DENIED, "status 403 (RBAC: access denied)"),
        (checks.status(200), served(1, status=503), "status 503"),
        (checks.status(200), RESET, "connection reset by peer"),
        (checks.served_by("reviews-v1"), served(1), None),
        (checks.served_by("reviews-v2"), served(1), "served by reviews-v1-545db77b95-9xk7p"),
        (checks.served_by("reviews-v2"), DENIED, "status 403 (RBAC: access denied), from somebody unnamed"),
        (checks.served_by("reviews-v2"), RESET, "connection reset by peer"),
        (checks.title("Simple Bookstore & App"), PAGE, None),
        (checks.title("Other"), PAGE, "title 'Simple Bookstore & App'"),
        (checks.title("Other"), DENIED, "status 403 (RBAC: access denied), no title"),
        (checks.body_contains("Bookstore"), PAGE, None),
        (checks.body_contains("x"), DENIED, "body 'RBAC: access denied'"),
        (checks.header("X-Served-Version", "v1"), served(1), None),
        (checks.header("x-served-version", "v2"), served(1), "header x-served-version: v1"),
        (checks.header("x-none", "v2"), served(1), "no header x-none"),
        (checks.header("x-none", None), served(1), None),
        (checks.saw_header(XFCC.title(), IDENTITY), ECHO, None),
        (
            checks.saw_header(XFCC, "sa/c"),
            ECHO,
            f"received {XFCC}: {IDENTITY}",
        ),
        (checks.saw_header("x-none", "a"), ECHO, "x-none not received"),
        (checks.saw_header("x-none", "a"), DENIED, "status 403 (RBAC: access denied), not from a probe"),
        (checks.received("X-Two", "a, b"), ASKED, None),
        (checks.received("x-two", "a"), ASKED, "received x-two: a, b"),
        (checks.received("x-two", None), ASKED, "received x-two: a, b"),
        (checks.received("x-none", "a"), ASKED, "x-none not received"),
        (checks.received("x-none", None), ASKED, None),
        (checks.received("x-none", None), DENIED, "status 403 (RBAC: access denied), not from a probe"),
        (checks.received("x-none", None), RESET, "connection reset by peer"),
        (checks.saw_path("/new"), ASKED, None),
        (checks.saw_path("/old"), ASKED, "asked for path /new"),
        (checks.saw_path("/new"), ECHO, "status 200, not from a probe"),
        (checks.saw_host("backend:8080"), ASKED, None),
        (checks.saw_host("backend"), ASKED, "asked for host backend:8080"),
        (checks.saw_host("backend"), ECHO, "asked for host None"),
        (checks.agreed_on("h3"), Reply(200, tls=Handshake("TLSv1.3", "h3")), None),
        (checks.agreed_on("h3"), Reply(200, tls=Handshake("TLSv1.3", "h2")), "h2 agreed on"),
        (checks.agreed_on("h3"), Reply(200, tls=Handshake("TLSv1.3", None)), "no protocol agreed on"),
        (checks.agreed_on("h3"), Reply(200), "no protocol agreed on"),
        (checks.agreed_on("h3"), RESET, "connection reset by peer"),
        (checks.slower_than(1), Reply(200, seconds=1.5), None),
        (checks.slower_than(1), Reply(200, seconds=0.0234), "took about 0.02 s"),
        (checks.faster_than(1), Reply(200, seconds=0.5), None),
        (checks.faster_than(1), Reply(200, seconds=7.013), "took about 7 s"),
        (checks.grpc_status(14), OUTAGE, None),
        (checks.grpc_status(0), OUTAGE, "gRPC status 14 (down)"),
        (checks.grpc_status(0), DENIED, "status 403 (RBAC: access denied)"),
        (checks.grpc_status(0), RESET, "connection reset by peer"),
        (checks.closed(), CUT_SHORT, None),
        (checks.closed(), RESET, "connection reset by peer"),
        (checks.closed(), DENIED, "status 403"),
        (checks.reset(), RESET, None),
        (checks.reset(), CUT_SHORT, "connection closed within the reply"),
        (checks.tls_alert(116), ALERT, None),
        (checks.tls_alert(48), ALERT, "alert 116 (certificate_required) from the peer"),
        (checks.tls_alert(116), failed(FailureKind.TLS, "unknown CA"), "unknown CA"),
        (checks.tls_alert(116), served(1), "status 200, served by reviews-v1-545db77b95-9xk7p"),
        (checks.faster_than(1), failed(FailureKind.TIMEOUT, "no answer within 5 s"), "no answer within 5 s"),
    ],
)
def test_check_gives_the_reason(check, reply, reason):
    assert check(reply) == reason


@pytest.mark.parametrize(
    "reply", [ALERT, *[failed(FailureKind(kind)) for kind in ("refused", "reset", "closed")]]
)
def test_turned_away_connections_are_refused(reply):
    assert checks.refused()(reply) is None
    assert checks.refused(reply.failure.kind)(reply) is None


@pytest.mark.parametrize("kinds", [(), ("tls",)])
def test_a_server_that_this_side_turned_down_has_refused_nothing(kinds):
    reply = failed(FailureKind.TLS, "the server's certificate was not accepted")
    assert checks.refused(*kinds)(reply) == "the server's certificate was not accepted"


@pytest.mark.parametrize(
    "reply",
    [
        *[failed(FailureKind(kind), kind) for kind in ("timeout", "dns", "other")],
        served(1),
        Reply(200, failure=RESET.failure),
    ],
)
def test_silence_and_answers_are_not_refused(reply):
    assert checks.refused()(reply) is not None


def test_certificate_is_told_from_another_one():
    authority = Authority.named("test")
    own, other = authority.issue("red.example"), authority.issue("blue.example")
    check = checks.certificate(own.pem)
    shown = {pem: Reply(200, tls=Handshake("TLSv1.3", "h2", pem)) for pem in (own.pem, other.pem, None)}
    assert check.description == f"{own} shown"
    assert check(shown[own.pem]) is None
    assert check(shown[other.pem]) == f"{other} shown"
    assert check(shown[None]) == check(Reply(200)) == "no certificate shown"
    assert check(RESET) == "connection reset by peer"


def test_refusal_can_be_narrowed_to_one_kind():
    assert checks.refused("reset")(RESET) is None
    assert checks.refused("tls")(RESET) == "connection reset by peer"
    assert checks.refused("reset").description == "connection turned away (reset)"


def test_and_wants_both_and_gives_the_first_reason():
    both = checks.status(200) & checks.served_by("reviews-v2")
    assert both.description == "status 200 and served by reviews-v2"
    assert both(served(2)) is None
    assert both(served(1)) == "served by reviews-v1-545db77b95-9xk7p"
    assert both(served(1, status=503)) == "status 503"


def test_same_workload_as_before_is_missed_by_the_first_and_by_each_change():
    check = checks.served_as_before()
    assert check(served(1)) == "served by reviews-v1, the first of all"
    assert check(served(1)) is None
    assert check(served(2)) == "served by reviews-v2, after reviews-v1"
    assert check(served(2)) is None
    assert check(RESET) == "connection reset by peer"
    assert check(Reply(503)) == "status 503, from somebody unnamed"
    assert check(served(2)) == "served by reviews-v2, the first of all"
    assert checks.served_as_before()(served(2)) is not None
