"""HTTP/3: streams, TLS within QUIC, and each way in which a call or its connection ends."""

import asyncio
import gc
import socket
import warnings
from pathlib import Path

import pytest
from aioquic.h3.connection import ErrorCode, FrameType, encode_frame
from aioquic.quic.events import StopSendingReceived
from aioquic.quic.packet import QuicErrorCode

from tests.http3_peer import http3_peer
from tests.peers import failure, issue, replies, run, send

AUTHORITY, STRANGER = issue("authority"), issue("stranger")
SERVER = issue("localhost", AUTHORITY)
CLIENT = issue("client", AUTHORITY)
DOUBTED = "the server's certificate was not accepted: "


def silent(_peer, _stream):
    pass


def test_reply_has_status_headers_body_and_the_protocol_that_was_agreed_on():
    async def test():
        def play(peer, stream):
            if stream >= 0:
                peer.answer(stream, b"hello", **{"x-a": "1"}, end=False)
                peer.http.send_headers(stream, [(b"x-b", b"2")], end_stream=True)

        async with http3_peer(SERVER, play) as (url, peers):
            (reply,) = await replies(
                protocol="http3",
                url=f"{url}a?b",
                host="shop.example",
                headers={"X-C": "3"},
                method="PUT",
                body="x",
            )
            assert peers[0].requests[0] == {
                ":method": "PUT",
                ":scheme": "https",
                ":authority": "shop.example",
                ":path": "/a?b",
                "user-agent": "meshproof-probe",
                "content-length": "1",
                "x-c": "3",
            }
            assert peers[0].bodies == {0: b"x"}
        assert (reply["status"], reply["body"], reply["failure"]) == (200, "hello", None)
        assert reply["headers"] == {"x-a": "1", "x-b": "2"}
        assert reply["tls"] == {"version": "TLSv1.3", "alpn": "h3", "certificate": SERVER.pem}
        assert 0 < reply["seconds"] < 2

    run(test())


def test_calls_share_a_connection_unless_each_is_to_have_its_own():
    async def test():
        async with http3_peer(SERVER) as (url, peers):
            got = await replies(protocol="http3", url=url, count=50, concurrency=8)
            assert [reply["status"] for reply in got] == [200] * 50
            assert len(peers) == 1
            await replies(protocol="http3", url=url, count=4, concurrency=2, new_connections=True)
            assert len(peers) == 5

    run(test())


def test_crowd_of_calls_shares_a_connection():
    async def test():
        async with http3_peer(SERVER) as (url, peers):
            got = await replies(protocol="http3", url=url, count=512, concurrency=256, body_limit=10)
            assert [reply["failure"] for reply in got] == [None] * 512
            assert len(peers) == 1

    run(test())


def test_long_bodies_go_both_ways():
    async def test():
        def play(peer, stream):
            if stream >= 0:
                peer.answer(stream, peer.bodies[stream] * 3)

        async with http3_peer(SERVER, play) as (url, _):
            (reply,) = await replies(
                protocol="http3", url=url, method="POST", body="x" * (1 << 20), body_limit=7
            )
            assert (reply["status"], reply["body"], reply["failure"]) == (200, "x" * 7, None)

    run(test())


def test_word_in_between_is_not_the_reply_and_a_length_without_a_body_is_none_of_ours():
    async def test():
        def play(peer, stream):
            if stream >= 0:
                peer.http.send_headers(stream, [(b":status", b"103"), (b"link", b"x")])
                peer.answer(stream, **{"content-length": "5"})

        async with http3_peer(SERVER, play) as (url, _):
            (reply,) = await replies(protocol="http3", url=url, method="HEAD")
            assert (reply["status"], reply["headers"]) == (200, {"content-length": "5"})
            assert reply["failure"] is None

    run(test())


def test_peer_is_verified_against_the_ca_and_the_name():
    async def test():
        async with http3_peer(SERVER) as (url, _):
            good = {"protocol": "http3", "url": url, "ca": f"a word\n{AUTHORITY.pem}\n\n", "sni": "localhost"}
            (reply,) = await replies(**good)
            assert reply["status"] == 200
            kind, detail, alert = await failure(**good | {"ca": STRANGER.pem})
            assert (kind, alert) == ("tls", None)
            assert detail == f"{DOUBTED}unable to get local issuer certificate"
            kind, detail, alert = await failure(**good | {"sni": "shop.example"})
            assert (kind, alert) == ("tls", None)
            assert detail.startswith(f"{DOUBTED}hostname 'shop.example' doesn't match")
            (reply,) = await replies(protocol="http3", url=url, sni="shop.example")
            assert reply["status"] == 200

    run(test())


def test_client_certificate_is_shown_where_it_is_asked_for():
    async def test():
        async with http3_peer(SERVER, ask=True) as (url, peers):
            await replies(protocol="http3", url=url, client_certificate=CLIENT.pair)
            assert peers[0].shown == CLIENT.certificate

    run(test())


def test_protocol_that_the_peer_does_not_speak_is_alert_120():
    async def test():
        async with http3_peer(SERVER) as (url, _):
            assert await failure(protocol="http3", url=url, alpn=["hq-interop"]) == (
                "tls",
                "alert 120 (no_application_protocol) from the peer",
                120,
            )

    run(test())


@pytest.mark.parametrize("code", [ErrorCode.H3_REQUEST_REJECTED, ErrorCode.H3_INTERNAL_ERROR])
def test_reset_stream_is_a_reset_that_names_its_code_and_leaves_the_connection(code):
    async def test():
        def play(peer, stream):
            if stream == 0:
                peer.quic.reset_stream(stream, code)
            elif stream > 0:
                peer.answer(stream)

        async with http3_peer(SERVER, play) as (url, peers):
            first, second = await replies(protocol="http3", url=url, count=2)
            assert first["failure"]["kind"] == "reset"
            assert first["failure"]["detail"] == f"stream reset by the peer ({code.name})"
            assert second["status"] == 200
            assert len(peers) == 1

    run(test())


def test_after_a_goodbye_what_was_taken_on_is_finished_and_the_rest_goes_elsewhere():
    async def test():
        def play(peer, stream):
            if stream >= 0:
                peer.say_goodbye(stream + 4)
                asyncio.get_running_loop().call_later(0.02, later, peer, stream)

        def later(peer, stream):
            peer.answer(stream)
            peer.transmit()

        async with http3_peer(SERVER, play) as (url, peers):
            got = await replies(protocol="http3", url=url, count=3)
            assert [(reply["status"], reply["failure"]) for reply in got] == [(200, None)] * 3
            assert len(peers) == 3

    run(test())


@pytest.mark.parametrize(
    ("head", "code", "failed"),
    [
        (False, ErrorCode.H3_NO_ERROR, "connection closed before the reply (H3_NO_ERROR: drained)"),
        (True, ErrorCode.H3_NO_ERROR, "connection closed within the reply (H3_NO_ERROR: drained)"),
        (False, 0x4242, "connection closed before the reply (0x4242: drained)"),
    ],
)
def test_closed_connection_names_its_code_at_once(head, code, failed):
    async def test():
        def play(peer, stream):
            if stream >= 0:
                if head:
                    peer.answer(stream, end=False)
                    peer.transmit()
                peer.quic.close(error_code=code, reason_phrase="drained")

        async with http3_peer(SERVER, play) as (url, peers):
            got = await replies(protocol="http3", url=url, count=2)
            assert [reply["failure"] for reply in got] == [
                {"kind": "closed", "detail": failed, "alert": None}
            ] * 2
            assert max(reply["seconds"] for reply in got) < 0.2
            assert [reply["status"] for reply in got] == [200 if head else None] * 2
            assert len(peers) == 2

    run(test())


@pytest.mark.parametrize(
    ("code", "failed"),
    [
        (0x129, ("tls", "alert 41 (unknown alert) from the peer", 41)),
        (0x174, ("tls", "alert 116 (certificate_required) from the peer", 116)),
        (0x130, ("tls", "alert 48 (unknown_ca) from the peer", 48)),
        (QuicErrorCode.CONNECTION_REFUSED, ("refused", "connection refused by the peer", None)),
        (
            QuicErrorCode.INTERNAL_ERROR,
            ("closed", "connection closed before the reply (INTERNAL_ERROR)", None),
        ),
    ],
)
@pytest.mark.parametrize("settings", [False, True])
def test_peer_that_turns_away_says_why(code, failed, settings):
    async def test():
        def play(peer, _stream):
            if settings:
                peer.transmit()
            peer.quic.close(error_code=code, frame_type=0)

        async with http3_peer(SERVER, play) as (url, _):
            assert await failure(protocol="http3", url=url) == failed

    run(test())


@pytest.mark.usefixtures("no_invalid_names")
def test_refused_and_unknown_and_silent_peers_have_their_kinds():
    async def test():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as mute:
            mute.bind(("127.0.0.1", 0))
            url = f"https://127.0.0.1:{mute.getsockname()[1]}/"
            assert await failure(protocol="http3", url=url, timeout=0.1) == (
                "timeout",
                "no answer within 0.1 s",
                None,
            )
        assert await failure(protocol="http3", url=url) == ("refused", "connection refused", None)
        kind, _, _ = await failure(protocol="http3", url="https://no-such-host.invalid")
        assert kind == "dns"
        async with http3_peer(SERVER, silent) as (url, _):
            assert (await failure(protocol="http3", url=url, timeout=0.3))[0] == "timeout"

    run(test())


def test_of_several_addresses_one_that_answers_is_found():
    async def test():
        async with http3_peer(SERVER) as (url, _):
            (reply,) = await replies(
                protocol="http3", url=url.replace("127.0.0.1", "localhost"), ca=AUTHORITY.pem
            )
            assert (reply["status"], reply["failure"]) == (200, None)

    run(test())


def test_peer_that_vanishes_and_peer_that_falls_silent_have_their_kinds():
    async def test():
        def vanish(peer, stream):
            if stream >= 0:
                peer.vanish()

        async with http3_peer(SERVER, vanish) as (url, _):
            kind, detail, _ = await failure(protocol="http3", url=url, method="POST", body="x" * 100_000)
            assert (kind, detail) == ("reset", "nobody is at the peer's port any more")
        async with http3_peer(SERVER, silent, idle_timeout=0.2) as (url, _):
            assert await failure(protocol="http3", url=url) == (
                "timeout",
                "nothing came from the peer any more",
                None,
            )

    run(test())


@pytest.mark.parametrize(
    "frame", [encode_frame(FrameType.DATA, b"early"), encode_frame(FrameType.SETTINGS, b"")]
)
def test_peer_that_does_not_keep_to_http3_fails_the_call(frame):
    async def test():
        def play(peer, stream):
            if stream >= 0:
                peer.quic.send_stream_data(stream, frame)

        async with http3_peer(SERVER, play) as (url, _):
            kind, detail, _ = await failure(protocol="http3", url=url)
            assert kind == "other"
            assert detail.startswith("the peer does not keep to HTTP/3: ")

    run(test())


def test_what_comes_is_no_quic_and_is_left_alone():
    async def test():
        class Chatter(asyncio.DatagramProtocol):
            def connection_made(self, transport):
                self.transport = transport

            def datagram_received(self, _data, address):
                self.transport.sendto(b"HTTP/1.1 400 Bad Request\r\n\r\n", address)

        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(Chatter, local_addr=("127.0.0.1", 0))
        url = f"https://127.0.0.1:{transport.get_extra_info('sockname')[1]}/"
        assert (await failure(protocol="http3", url=url, timeout=0.2))[0] == "timeout"
        transport.close()

    run(test())


def test_call_that_is_given_up_is_cancelled_on_its_stream_and_the_end_is_told():
    async def test():
        async with http3_peer(SERVER, silent) as (url, peers):
            await failure(protocol="http3", url=url, method="POST", body="x", timeout=0.2)
            await asyncio.sleep(0.05)
            (stopped,) = (event for event in peers[0].events if isinstance(event, StopSendingReceived))
            assert stopped.error_code == ErrorCode.H3_REQUEST_CANCELLED
            assert await asyncio.wait_for(peers[0].ended, 5) == ErrorCode.H3_NO_ERROR

    run(test())


def open_files():
    return len(list(Path("/proc/self/fd").iterdir()))


def test_batch_that_is_stopped_leaves_no_socket_and_no_task():
    async def test():
        before = open_files()
        async with http3_peer(SERVER, silent) as (url, _):
            stop = asyncio.Event()
            asyncio.get_running_loop().call_later(0.3, stop.set)
            answer = await send(stop, protocol="http3", url=url, count=8, concurrency=8, new_connections=True)
            assert (answer["replies"], answer["reason"]) == ([], "the probe was told to end")
            await replies(protocol="http3", url=url, timeout=0.05, count=4, concurrency=4)
        await asyncio.sleep(0.05)
        assert len(asyncio.all_tasks()) == 1
        gc.collect()
        assert open_files() <= before

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run(test())
