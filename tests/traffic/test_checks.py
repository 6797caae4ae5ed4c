"""Checks say why a reply missed."""

import json

import pytest
from scripted import RESET, failed, served

from meshproof import checks
from meshproof.traffic import Failure, FailureKind, Reply

PAGE = Reply(200, {"content-type": "text/html"}, "<html><title>\n Simple Bookstore &amp; App</title><body/>")
DENIED = Reply(403, {"content-type": "text/plain"}, "RBAC: access denied")
ECHO = Reply(
    200, body=json.dumps({"headers": {"x-forwarded-client-cert": "URI=spiffe://cluster.local/ns/a/sa/b"}})
)
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
