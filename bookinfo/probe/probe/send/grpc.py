"""Sends gRPC calls, unary and streaming, on our own HTTP/2 connection.

Not with a client of gRPC: it makes statuses of its own out of what the wire did (a refused connection, a
reset, a TLS alert), and neither verification nor SNI can be left to the batch.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from urllib.parse import unquote

from google.protobuf.message import DecodeError

from probe.batch import Batch
from probe.failures import CallFailedError, Failure
from probe.reply import Encoded, Reply, encode_reply, keep
from probe.send.call import LONGEST_MESSAGE, Send, one_call
from probe.send.connect import Connector
from probe.send.h2 import first_of, opened
from probe.send.http2 import request_pairs
from probe.send.pool import Pool
from probe.wire.probe_pb2 import EchoReply, EchoRequest

SERVICE = "/meshproof.probe.v1.Probe/"
STREAMED_UP = frozenset({f"{SERVICE}Collect", f"{SERVICE}Chat"})
"""Methods that take many messages: each line of the body is one."""

_PREFIX = 5


def frame(message: bytes) -> bytes:
    """Return a message as gRPC sends it: uncompressed, behind its length."""
    return b"\0" + len(message).to_bytes(4) + message


class Messages:
    """Takes what comes on a stream apart into messages and keeps them as JSON lines.

    Args:
        body: where they are kept.
        limit: bytes of it.

    `count` is how many came, `news` is set when one has.
    """

    def __init__(self, body: bytearray, limit: int) -> None:
        self._keep = keep(body, limit)
        self._held = bytearray()
        self.count = 0
        self.news = asyncio.Event()

    def feed(self, data: bytes) -> None:
        """Take a piece of the stream.

        Raises:
            CallFailedError: a message is compressed, which was not offered, or too long.
        """
        held = self._held
        held += data
        while len(held) >= _PREFIX:
            size = int.from_bytes(held[1:_PREFIX])
            if held[0] or size > LONGEST_MESSAGE:
                raise CallFailedError(
                    Failure("other", f"a message is compressed or above {LONGEST_MESSAGE} bytes")
                )
            if len(held) < _PREFIX + size:
                return
            message = bytes(held[_PREFIX : _PREFIX + size])
            del held[: _PREFIX + size]
            self._take(message)

    def feed_text(self, data: bytes) -> None:
        """Take a piece of what is no gRPC: a proxy's own answer."""
        self._keep(data)

    def _take(self, message: bytes) -> None:
        try:
            text = EchoReply.FromString(message).json.encode()
        except DecodeError:
            text = message
        self._keep(text if self.count == 0 else b"\n" + text)
        self.count += 1
        self.news.set()


def _requests(batch: Batch, path: str) -> list[bytes]:
    lines = batch.body.split(b"\n") if path in STREAMED_UP else [batch.body]
    instructions = batch.url.raw_query_string
    return [
        frame(EchoRequest(instructions=instructions, body=line.decode()).SerializeToString())
        for line in lines
    ]


def _is_grpc(reply: Reply) -> bool:
    return reply.headers.get("content-type", "").startswith("application/grpc")


def _finish(reply: Reply) -> None:
    """Read the end of a call: a status that came over the wire is a reply, whatever it says."""
    if "grpc-message" in reply.headers:
        reply.headers["grpc-message"] = unquote(reply.headers["grpc-message"])
    if reply.failure is None and _is_grpc(reply) and "grpc-status" not in reply.headers:
        reply.failure = Failure("closed", "the reply ended without a grpc-status")


@asynccontextmanager
async def grpc_sender(batch: Batch) -> AsyncIterator[Send]:
    """Send gRPC calls.

    The URL's path names the method (Echo when there is none), its query becomes the field `instructions`.
    A method that is not the probe's gets an EchoRequest too.
    """
    path = f"{SERVICE}Echo" if batch.url.raw_path == "/" else batch.url.raw_path
    headers = request_pairs(batch, "POST", path, ("te", "trailers"), ("content-type", "application/grpc"))
    requests = _requests(batch, path)
    in_turn = path == f"{SERVICE}Chat"
    pool = Pool(partial(opened, Connector(batch)), each_new=batch.new_connections)

    async def send() -> Encoded:
        body = bytearray()
        reply = Reply(body=body)
        messages = Messages(body, batch.body_limit)

        def take(data: bytes) -> None:
            if not reply.headers:
                reply.take_headers(exchange.headers)
            if _is_grpc(reply):
                messages.feed(data)
            else:
                messages.feed_text(data)

        async with one_call(batch, reply), pool.connection() as connection:
            reply.tls = connection.tls
            with connection.exchange(headers, take, end=False) as exchange:
                try:
                    for request in requests[:-1]:
                        messages.news.clear()
                        await connection.send(exchange, request, end=False)
                        if in_turn:
                            # A conversation: the next line goes out when the last one is being answered.
                            await first_of(messages.news.wait(), exchange.done)
                    await connection.send(exchange, requests[-1], end=True)
                    await exchange.done
                finally:
                    reply.status = exchange.status
                    if not reply.headers:
                        reply.take_headers(exchange.headers)
                    reply.take_headers(exchange.trailers)
        _finish(reply)
        return encode_reply(reply, batch.keep_headers)

    try:
        yield send
    finally:
        pool.close()
