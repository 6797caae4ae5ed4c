"""Every protocol and every kind of failure, from this probe's sending side to its serving side."""

import asyncio
import json
import ssl
from collections import Counter

import grpc
import pytest

from probe.seen import Seen
from probe.serve.tls import Material
from probe.wire.probe_pb2 import EchoReply, EchoRequest
from tests.peers import failure, issue, replies, run, send
from tests.serving import IDENTITY, MATERIAL, served

AUTHORITY = issue("authority")
SERVER, CLIENT = issue("localhost", AUTHORITY), issue("client", AUTHORITY)
DEMANDING = Material(SERVER.pem.encode(), SERVER.key_pem.encode(), AUTHORITY.pem, client_required=True)

SERVED_BY = {
    "x-served-by": IDENTITY.pod,
    "x-served-workload": IDENTITY.workload,
    "x-served-version": IDENTITY.version,
}
STATUS = {"http": 200, "http2": 200, "grpc": 200, "websocket": 101, "tcp": None}
PLACES = {
    # Name: protocol of the batch, scheme, port, what the server calls it, whether TLS.
    "http": ("http", "http", "http", "http"),
    "https": ("http", "https", "https", "http"),
    "http2": ("http2", "http", "http2", "http2"),
    "https-h2": ("http2", "https", "https", "http2"),
    "grpc": ("grpc", "grpc", "grpc", "grpc"),
    "websocket": ("websocket", "ws", "http", "websocket"),
    "websocket-tls": ("websocket", "wss", "https", "websocket"),
    "tcp": ("tcp", "tcp", "tcp", "tcp"),
    "tcp-first": ("tcp", "tcp", "tcp_first", "tcp"),
    "tls": ("tcp", "tls", "tls", "tcp"),
}
OVER_TLS = ["https", "https-h2", "websocket-tls", "tls"]


def to(place, ports, query=""):
    """A batch's protocol and URL."""
    protocol, scheme, port, _ = PLACES[place]
    return {"protocol": protocol, "url": f"{scheme}://localhost:{getattr(ports, port)}{query}"}


@pytest.mark.parametrize("place", PLACES)
def test_every_protocol_tells_who_answered_and_what_was_seen(place):
    async def test():
        async with served() as ports:
            got = await replies(**to(place, ports), body="hello", count=20, concurrency=4)
        assert len(got) == 20
        for reply in got:
            assert reply["failure"] is None
            assert reply["status"] == STATUS[PLACES[place][0]]
            assert SERVED_BY.items() <= reply["headers"].items()
            seen = json.loads(reply["body"])
            assert (seen["protocol"], seen["body"]) == (PLACES[place][3], "hello")
            assert (reply["tls"] is not None) == (place in OVER_TLS)

    run(test())


@pytest.mark.parametrize("place", PLACES)
def test_connections_are_kept_or_new_as_told(place):
    async def test():
        async with served() as ports:
            for new, connections in ((False, {1, 2}), (True, {8})):
                got = await replies(**to(place, ports), count=8, concurrency=2, new_connections=new)
                assert len({json.loads(reply["body"])["peer"] for reply in got}) in connections

    run(test())


@pytest.mark.parametrize("place", ["http", "http2", "grpc", "websocket"])
def test_headers_and_host_arrive(place):
    async def test():
        async with served() as ports:
            (reply,) = await replies(**to(place, ports), headers={"end-user": "jason"}, host="shop.example")
            seen = json.loads(reply["body"])["headers"]
            assert seen["end-user"] == "jason"
            assert seen["user-agent"].startswith("meshproof-probe")
            if place != "grpc":  # the gRPC library shows its service no :authority
                assert seen["host"] == "shop.example"

    run(test())


@pytest.mark.parametrize("place", OVER_TLS)
@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_both_sides_agree_on_tls(place, version):
    async def test():
        async with served(DEMANDING) as ports:
            (reply,) = await replies(
                **to(place, ports),
                sni="localhost",
                ca=AUTHORITY.pem,
                client_certificate=CLIENT.pair,
                tls_version=version,
            )
        seen = json.loads(reply["body"])
        assert reply["tls"] == {
            "version": f"TLSv{version}",
            "alpn": seen["alpn"],
            "certificate": SERVER.pem,
        }
        assert seen["tls"] == f"TLSv{version}"
        assert seen["sni"] == "localhost"
        assert seen["client_certificate"]["pem"] == CLIENT.pem
        assert seen["client_certificate"]["sans"] == ["DNS:client"]

    run(test())


@pytest.mark.parametrize("place", OVER_TLS)
@pytest.mark.parametrize(
    ("version", "alert", "name"), [("1.3", 116, "certificate_required"), ("1.2", 40, "handshake_failure")]
)
def test_missing_client_certificate_is_an_alert(place, version, alert, name):
    async def test():
        async with served(DEMANDING) as ports:
            got = await replies(**to(place, ports), tls_version=version, count=20, concurrency=4)
        assert Counter((reply["failure"]["detail"], reply["failure"]["alert"]) for reply in got) == {
            (f"alert {alert} ({name}) from the peer", alert): 20
        }

    run(test())


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    ("query", "kind"), [("?close=1", "closed"), ("?reset=1", "reset"), ("?delay=0.5", "timeout")]
)
def test_every_failure_has_its_kind(place, query, kind):
    async def test():
        async with served() as ports:
            if place == "grpc" and kind != "timeout":
                (reply,) = await replies(**to(place, ports, query))
                assert reply["headers"]["grpc-status"] == "3"
                return
            timeout = 0.1 if kind == "timeout" else 5
            assert (await failure(**to(place, ports, query), timeout=timeout))[0] == kind
            # What comes next is not the worse for it.
            await replies(**to(place, ports))

    run(test())


@pytest.mark.usefixtures("no_invalid_names")
@pytest.mark.parametrize("place", PLACES)
def test_nobody_there_is_refused_and_no_name_is_dns(place):
    async def test():
        async with served() as ports:
            pass
        assert await failure(**to(place, ports)) == ("refused", "connection refused", None)
        batch = to(place, ports)
        batch["url"] = batch["url"].replace("localhost", "no-such-host.invalid")
        assert (await failure(**batch))[0] == "dns"

    run(test())


@pytest.mark.parametrize("place", ["http", "https", "http2", "https-h2", "grpc", "tcp", "tls"])
def test_first_calls_of_a_key_fail_and_are_counted(place):
    async def test():
        seen = Seen()
        async with served(seen=seen) as ports:
            got = await replies(**to(place, ports, "?key=a&fail_first=2"), count=4)
        failed = [
            bool(reply["failure"]) or reply["status"] == 503 or reply["headers"].get("grpc-status") == "14"
            for reply in got
        ]
        assert failed == [True, True, False, False]
        assert seen.calls("a").count == 4

    run(test())


@pytest.mark.parametrize("place", ["http", "http2", "websocket", "tcp"])
def test_reply_that_is_cut_keeps_what_came(place):
    async def test():
        async with served() as ports:
            (reply,) = await replies(**to(place, ports, "?chunks=4&after=2&reset=1"))
        assert reply["failure"]["kind"] == "reset"
        assert reply["status"] == STATUS[place]

    run(test())


@pytest.mark.parametrize(
    ("method", "body", "query", "said"),
    [
        ("Echo", "a\nb", "", ["a\nb"]),
        ("Watch", "a", "?chunks=3", ["a", "a", "a"]),
        ("Collect", "a\nb", "", None),
        ("Chat", "a\nb\nc", "", ["a", "b", "c"]),
        ("Chat", "a\nb", "?chunks=2", ["a", "a", "b", "b"]),
    ],
)
def test_streams_of_grpc_come_back_line_by_line(method, body, query, said):
    async def test():
        async with served() as ports:
            path = f"/meshproof.probe.v1.Probe/{method}{query}"
            (reply,) = await replies(**to("grpc", ports, path), body=body)
        assert (reply["headers"]["grpc-status"], reply["failure"]) == ("0", None)
        lines = [json.loads(line)["body"] for line in reply["body"].splitlines()]
        if said is None:
            assert len(lines) == 1
            assert all(part in lines[0] for part in body.split("\n"))
        else:
            assert lines == said

    run(test())


def test_grpc_says_what_a_client_of_grpc_says():
    async def test():
        async with served() as ports, grpc.aio.insecure_channel(f"localhost:{ports.grpc}") as channel:
            echo = channel.unary_unary(
                "/meshproof.probe.v1.Probe/Echo",
                request_serializer=EchoRequest.SerializeToString,
                response_deserializer=EchoReply.FromString,
            )
            theirs = json.loads((await echo(EchoRequest(instructions="key=a", body="hi"))).json)
            (reply,) = await replies(**to("grpc", ports, "?key=a"), body="hi")
            ours = json.loads(reply["body"])
        for document in (theirs, ours):
            document.pop("peer")
            document["headers"].pop("user-agent")
            document["headers"].pop("grpc-accept-encoding", None)
        assert ours == theirs | {"attempt": 2}

    run(test())


def test_unknown_method_of_grpc_is_a_status():
    async def test():
        async with served() as ports:
            (reply,) = await replies(**to("grpc", ports, "/other.Service/Do"))
        assert (reply["headers"]["grpc-status"], reply["failure"]) == ("12", None)

    run(test())


@pytest.mark.parametrize("place", PLACES)
def test_deadline_and_end_leave_what_came(place):
    async def test():
        async with served() as ports:
            got = await send(**to(place, ports), count=50, rate=20, deadline=0.45, body_limit=0)
            assert (got["partial"], got["reason"]) == (True, "the deadline of 0.45 s was reached")
            assert 2 <= len(got["replies"]) <= 10
            stop = asyncio.Event()
            asyncio.get_running_loop().call_later(0.3, stop.set)
            got = await send(stop, **to(place, ports), count=50, rate=20, body_limit=0)
            assert (got["partial"], got["reason"]) == (True, "the probe was told to end")
            assert 1 <= len(got["replies"]) <= 7

    run(test())


@pytest.mark.parametrize("place", ["http", "http2", "grpc"])
def test_four_thousand_calls_come_back_complete(place):
    async def test():
        async with served() as ports:
            got = await replies(**to(place, ports), count=4000, concurrency=16, body_limit=0)
            assert Counter(reply["status"] for reply in got) == {200: 4000}
            assert not any(reply["failure"] for reply in got)

    run(test())


def test_certificate_of_the_server_is_the_one_that_it_serves():
    async def test():
        async with served() as ports:
            (reply,) = await replies(**to("https", ports))
        assert ssl.PEM_cert_to_DER_cert(reply["tls"]["certificate"]) == ssl.PEM_cert_to_DER_cert(
            MATERIAL.certificate.decode()
        )

    run(test())
