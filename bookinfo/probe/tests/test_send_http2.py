"""HTTP/2: streams, and each way in which a stream or its connection ends."""

import asyncio

import h2.errors
import pytest
from h2.settings import SettingCodes
from hyperframe.frame import GoAwayFrame

from tests.peers import failure, hang_up, http2_peer, raw_peer, replies, reset, run


async def answer_all(peer):
    async for stream in peer.requests():
        peer.answer(stream)


def test_calls_share_a_connection_up_to_its_streams():
    async def test():
        connections, most = 0, 0

        async def play(peer):
            nonlocal connections, most
            connections += 1
            waiting = []
            async for stream in peer.requests():
                waiting.append(stream)
                most = max(most, len(waiting))
                if len(waiting) == 3:
                    for number in waiting:
                        peer.answer(number)
                    waiting.clear()

        async with http2_peer(play, settings={SettingCodes.MAX_CONCURRENT_STREAMS: 3}) as url:
            got = await replies(protocol="http2", url=url, count=12, concurrency=6)
            assert [reply["status"] for reply in got] == [200] * 12
        assert (connections, most) == (2, 3)

    run(test())


def test_new_connections_are_new():
    async def test():
        connections = 0

        async def play(peer):
            nonlocal connections
            connections += 1
            await answer_all(peer)

        async with http2_peer(play) as url:
            await replies(protocol="http2", url=url, count=4, new_connections=True)
        assert connections == 4

    run(test())


def test_body_and_trailers_come_back_and_a_long_body_goes_out_through_a_small_window():
    async def test():
        async def play(peer):
            async for stream in peer.requests():
                peer.answer(stream, end=False, headers={"x-a": "1"})
                peer.h2.send_data(stream, b"hello")
                peer.h2.send_headers(stream, [("x-b", "2")], end_stream=True)
                peer.flush()

        async def reading(peer):
            while data := await peer.reader.read(1 << 16):
                for event in peer.h2.receive_data(data):
                    if length := getattr(event, "flow_controlled_length", 0):
                        peer.h2.acknowledge_received_data(length, event.stream_id)
                    if type(event).__name__ == "StreamEnded":
                        peer.answer(event.stream_id)
                peer.flush()

        async with http2_peer(play) as url:
            (reply,) = await replies(protocol="http2", url=url)
            assert (reply["body"], reply["headers"]) == ("hello", {"x-a": "1", "x-b": "2"})
        async with http2_peer(reading, settings={SettingCodes.INITIAL_WINDOW_SIZE: 1000}) as url:
            (reply,) = await replies(protocol="http2", url=url, method="POST", body="x" * 300_000)
            assert (reply["status"], reply["failure"]) == (200, None)

    run(test())


@pytest.mark.parametrize("code", [h2.errors.ErrorCodes.REFUSED_STREAM, h2.errors.ErrorCodes.INTERNAL_ERROR])
def test_reset_stream_is_a_reset_that_names_its_code_and_leaves_the_connection(code):
    async def test():
        async def play(peer):
            async for stream in peer.requests():
                if stream == 1:
                    peer.h2.reset_stream(stream, code)
                    peer.flush()
                else:
                    peer.answer(stream)

        async with http2_peer(play) as url:
            first, second = await replies(protocol="http2", url=url, count=2)
            assert first["failure"]["kind"] == "reset"
            assert first["failure"]["detail"] == f"stream reset by the peer ({code.name})"
            assert second["status"] == 200

    run(test())


def test_goaway_lets_what_was_taken_on_finish_and_the_rest_goes_elsewhere():
    async def test():
        connections = 0

        async def play(peer):
            nonlocal connections
            connections += 1
            async for stream in peer.requests():
                goodbye = GoAwayFrame(0, last_stream_id=stream, error_code=0, additional_data=b"drain")
                peer.writer.write(goodbye.serialize())
                await asyncio.sleep(0.01)
                peer.answer(stream)

        async with http2_peer(play) as url:
            got = await replies(protocol="http2", url=url, count=3)
            assert [(reply["status"], reply["failure"]) for reply in got] == [(200, None)] * 3
        assert connections == 3

    run(test())


def test_goaway_tells_what_was_not_taken_on():
    async def test():
        async def play(peer):
            async for _ in peer.requests():
                peer.writer.write(GoAwayFrame(0, last_stream_id=0, error_code=11).serialize())

        async with http2_peer(play) as url:
            assert await failure(protocol="http2", url=url) == (
                "closed",
                "not taken on: the peer closes the connection (GOAWAY ENHANCE_YOUR_CALM)",
                None,
            )

    run(test())


@pytest.mark.parametrize(
    ("end", "head", "failed"),
    [
        (hang_up, False, ("closed", "connection closed before the reply", None)),
        (hang_up, True, ("closed", "connection closed within the reply", None)),
        (reset, False, ("reset", "connection reset by peer", None)),
    ],
)
def test_broken_connection_has_its_kind(end, head, failed):
    async def test():
        async def play(peer):
            async for stream in peer.requests():
                if head:
                    peer.answer(stream, end=False)
                    await asyncio.sleep(0.02)
                await end(peer.reader, peer.writer)
                return

        async with http2_peer(play) as url:
            assert await failure(protocol="http2", url=url) == failed

    run(test())


@pytest.mark.parametrize(
    "said", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\0\0\x08\x07\0\0\0\0", b"\0\0\0\x09\0\0\0\0\1"]
)
def test_peer_without_http2_fails_every_call(said):
    async def test():
        async def chatter(_reader, writer):
            writer.write(said)
            await writer.drain()

        async with raw_peer(chatter) as url:
            kind, _, _ = await failure(protocol="http2", url=url)
            assert kind in {"other", "closed"}

    run(test())


@pytest.mark.usefixtures("no_invalid_names")
def test_refused_and_unknown_and_silent_peers_have_their_kinds():
    async def test():
        async def sleep(_reader, _writer):
            await asyncio.sleep(0.3)

        async with raw_peer(sleep, until=b"") as url:
            assert await failure(protocol="http2", url=url, timeout=0.1) == (
                "timeout",
                "no answer within 0.1 s",
                None,
            )
        assert await failure(protocol="http2", url=url) == ("refused", "connection refused", None)
        kind, _, _ = await failure(protocol="http2", url="http://no-such-host.invalid")
        assert kind == "dns"

    run(test())


def test_call_that_is_given_up_is_cancelled_on_its_stream():
    async def test():
        resets = []

        async def play(peer):
            while data := await peer.reader.read(1 << 16):
                resets.extend(
                    event.error_code
                    for event in peer.h2.receive_data(data)
                    if type(event).__name__ == "StreamReset"
                )
                peer.flush()

        async with http2_peer(play) as url:
            await failure(protocol="http2", url=url, timeout=0.1)
            await asyncio.sleep(0.02)
        assert resets == [h2.errors.ErrorCodes.CANCEL]

    run(test())
