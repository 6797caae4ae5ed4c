"""gRPC: what of its own it adds to HTTP/2."""

import pytest

from probe.send.grpc import frame
from probe.wire.probe_pb2 import EchoReply
from tests.peers import failure, http2_peer, replies, run

GRPC = {"content-type": "application/grpc", "x-served-by": "p-1"}


def message(text):
    return frame(EchoReply(json=text).SerializeToString())


def answering(*pieces, trailers=(("grpc-status", "0"),)):
    """A peer that answers each call with these pieces of data."""

    async def play(peer):
        async for stream in peer.requests():
            peer.answer(stream, end=False, headers=GRPC)
            for piece in pieces:
                peer.h2.send_data(stream, piece)
                peer.flush()
            peer.h2.send_headers(stream, list(trailers), end_stream=True) if trailers else peer.h2.end_stream(
                stream
            )
            peer.flush()

    return http2_peer(play, scheme="grpc")


def test_messages_come_back_as_lines_wherever_they_were_cut():
    async def test():
        data = message('{"a":1}') + message('{"b":2}')
        async with answering(data[:3], data[3:8], data[8:]) as url:
            (reply,) = await replies(protocol="grpc", url=url)
            assert reply["body"] == '{"a":1}\n{"b":2}'
            assert reply["headers"]["x-served-by"] == "p-1"
            assert (reply["status"], reply["headers"]["grpc-status"], reply["failure"]) == (200, "0", None)
            (short,) = await replies(protocol="grpc", url=url, body_limit=10)
            assert short["body"] == '{"a":1}\n{"'

    run(test())


def test_status_over_the_wire_is_a_reply_and_its_message_is_readable():
    async def test():
        trailers = [("grpc-status", "14"), ("grpc-message", "caf%C3%A9 closed")]
        async with answering(trailers=trailers) as url:
            (reply,) = await replies(protocol="grpc", url=url)
            assert (reply["status"], reply["failure"]) == (200, None)
            assert reply["headers"]["grpc-status"] == "14"
            assert reply["headers"]["grpc-message"] == "café closed"

    run(test())


def test_reply_of_a_proxy_that_speaks_no_grpc_comes_as_it_is():
    async def test():
        async def play(peer):
            async for stream in peer.requests():
                peer.h2.send_headers(stream, [(":status", "503"), ("content-type", "text/plain")])
                peer.h2.send_data(stream, b"no healthy upstream", end_stream=True)
                peer.flush()

        async with http2_peer(play, scheme="grpc") as url:
            (reply,) = await replies(protocol="grpc", url=url)
            assert (reply["status"], reply["body"], reply["failure"]) == (503, "no healthy upstream", None)

    run(test())


@pytest.mark.parametrize(
    ("pieces", "trailers", "failed"),
    [
        ((message("{}"),), None, ("closed", "the reply ended without a grpc-status", None)),
        ((b"\1\0\0\0\0",), None, ("other", "a message is compressed or above 4194304 bytes", None)),
        ((b"\0\xff\0\0\0",), None, ("other", "a message is compressed or above 4194304 bytes", None)),
    ],
)
def test_reply_against_the_rules_fails(pieces, trailers, failed):
    async def test():
        async with answering(*pieces, trailers=trailers) as url:
            assert await failure(protocol="grpc", url=url) == failed

    run(test())
