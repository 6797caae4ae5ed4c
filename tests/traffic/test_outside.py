"""Calls from this machine, to servers that answer and servers that do not."""

import socket
import threading
from dataclasses import replace

import pytest
from servers import half, hang_up, http_server, reply, reset

from meshproof.errors import ExitCode
from meshproof.traffic import Batch, Budgets, CannotSend, Protocol, Tls
from meshproof.traffic.outside import Outside

ONE = Batch(count=1, concurrency=1, deadline=10.0)


def see(handler):
    """Answer with the request's line and host, and the connection that it came by."""
    seen = {"path": handler.path, "host": handler.headers["host"], "peer": handler.client_address[1]}
    reply(handler, 200, seen | {"user": handler.headers.get("end-user")})


def one_reply(answer, **budgets):
    with http_server(answer) as url:
        outside = Outside(url, budgets=Budgets(**budgets))
        (only,) = outside.send(outside.get("/"), ONE).replies
    return only


def test_call_goes_through_the_ingress_with_its_host():
    with http_server(see) as url:
        outside = Outside(url, host="bookinfo.example")
        call = outside.get("/productpage", headers={"end-user": "jason"})
        (answer,) = outside.send(call, ONE).replies
    assert str(call) == f"outside -> GET {url}/productpage  host: bookinfo.example  end-user: jason"
    assert answer.status == 200
    assert '"path": "/productpage", "host": "bookinfo.example"' in answer.body
    assert '"user": "jason"' in answer.body
    assert answer.headers["content-type"] == "application/json"


def test_web_proxy_of_this_machine_is_not_asked(monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    assert one_reply(see).status == 200


@pytest.mark.parametrize(("new", "most"), [(True, 6), (False, 2)])
def test_connections_are_kept_or_new_as_told(new, most):
    with http_server(see) as url:
        outside = Outside(url)
        answer = outside.send(outside.get("/"), Batch(6, 2, 10.0, new_connections=new))
    peers = {one.body.partition('"peer": ')[2].partition(",")[0] for one in answer.replies}
    assert len(peers) == 6 if new else len(peers) <= most
    assert not answer.partial


def test_different_calls_are_answered_in_their_order_and_all_of_them_end_in_time():
    def slow_first(handler):
        threading.Event().wait(0.2 if handler.path == "/0" else 0.0)
        reply(handler, 200, {"path": handler.path})

    with http_server(slow_first) as url:
        outside = Outside(url)
        calls = [outside.get(f"/{number}") for number in range(4)]
        answers = outside.send_each(calls, ONE, concurrency=2, deadline=10.0)
        late = outside.send_each(calls, ONE, concurrency=1, deadline=0.1)
    bodies = [one.body for answer in answers for one in answer.replies]
    assert bodies == [f'{{"path": "/{number}"}}' for number in range(4)]
    assert [(len(answer.replies), answer.partial) for answer in late] == [(1, False), *[(0, True)] * 3]


def test_body_limit_bounds_the_body():
    with http_server(see) as url:
        outside = Outside(url)
        (answer,) = outside.send(outside.get("/"), Batch(1, 1, 10.0, body_limit=5)).replies
    assert answer.body == '{"pat'


def test_only_wanted_headers_are_kept():
    with http_server(see) as url:
        outside = Outside(url)
        (answer,) = outside.send(outside.get("/"), replace(ONE, keep_headers=("Content-Length",))).replies
    assert list(answer.headers) == ["content-length"]


@pytest.mark.parametrize(
    ("asked", "batch", "why"),
    [
        ({"protocol": Protocol.GRPC}, ONE, "asks for protocol grpc"),
        ({"tls": Tls(sni="shop.example")}, ONE, "asks for TLS settings"),
        ({"host": "shop"}, ONE, "asks for an authority apart from the URL's"),
        ({}, replace(ONE, rate=5.0), "asks for a rate"),
    ],
)
def test_what_it_cannot_send_is_refused(asked, batch, why):
    outside = Outside("http://127.0.0.1:1")
    with pytest.raises(CannotSend, match=why) as error:
        outside.send(replace(outside.get("/"), **asked), batch)
    assert error.value.exit_code == ExitCode.USAGE


def test_redirect_is_returned_not_followed():
    def redirect(handler):
        handler.send_response(301)
        handler.send_header("Location", "/elsewhere")
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    answer = one_reply(redirect)
    assert (answer.status, answer.headers["location"]) == (301, "/elsewhere")


def test_deadline_leaves_out_what_has_not_begun():
    def slow(handler):
        threading.Event().wait(0.05)
        see(handler)

    with http_server(slow) as url:
        outside = Outside(url)
        answer = outside.send(outside.get("/"), Batch(50, 1, 0.12))
    assert answer.partial
    assert 1 <= len(answer.replies) <= 3


@pytest.mark.parametrize(
    ("behave", "kind", "status"),
    [(hang_up, "closed", None), (reset, "reset", None), (half, "closed", 200)],
)
def test_peer_that_breaks_off_is_a_failure_of_its_kind(behave, kind, status):
    answer = one_reply(behave)
    assert (answer.failure.kind, answer.status) == (kind, status)


def test_silence_is_a_timeout():
    release = threading.Event()

    def silent(handler):
        release.wait(2)
        hang_up(handler)

    answer = one_reply(silent, call_timeout=0.05)
    release.set()
    assert (answer.failure.kind, str(answer.failure)) == ("timeout", "no answer within 0.05 s")


@pytest.mark.parametrize(
    ("url", "kind"),
    [("http://127.0.0.1:1", "refused"), ("http://no-such-host.invalid", "dns"), ("gopher://x", "other")],
)
def test_peer_that_cannot_be_reached_is_a_failure_of_its_kind(url, kind, monkeypatch):
    known = socket.getaddrinfo

    def look_up(host, *args, **kwargs):
        # Not everybody's resolver says of such a name at once that there is none.
        if host.endswith(".invalid"):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return known(host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    outside = Outside(url)
    (answer,) = outside.send(outside.get("/"), ONE).replies
    assert answer.failure.kind == kind
    assert answer.status is None


def test_plain_text_behind_https_is_tls():
    with http_server(see) as url:
        outside = Outside(url.replace("http:", "https:"))
        (answer,) = outside.send(outside.get("/"), ONE).replies
    assert answer.failure.kind == "tls"
