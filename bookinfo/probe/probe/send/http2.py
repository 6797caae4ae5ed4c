"""Sends HTTP/2 calls: over http:// without asking first (prior knowledge), over https:// by ALPN."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from probe.batch import Batch
from probe.reply import Encoded, Reply, encode_reply, keep
from probe.send.call import USER_AGENT, Send, one_call
from probe.send.connect import Connector
from probe.send.exchange import Pairs
from probe.send.h2 import opened
from probe.send.pool import C, Pool


def request_pairs(batch: Batch, method: str, path: str, *more: tuple[str, str]) -> Pairs:
    """Return a request's headers, those that the batch gives in place of our own."""
    given = {name.lower(): value for name, value in batch.headers.items()}
    own = {"user-agent": USER_AGENT, **dict(more)}
    return [
        (":method", method),
        (":scheme", "https" if batch.secure else "http"),
        (":authority", batch.authority),
        (":path", path),
        *(own | given).items(),
    ]


@asynccontextmanager
async def send_by_streams(batch: Batch, pool: Pool[C]) -> AsyncIterator[Send]:
    """Send calls of HTTP, each on a stream of a connection out of the pool."""
    length = [("content-length", str(len(batch.body)))] if batch.body else []
    headers = request_pairs(batch, batch.method, batch.url.raw_path_qs, *length)

    async def send() -> Encoded:
        body = bytearray()
        reply = Reply(body=body)
        async with one_call(batch, reply), pool.connection() as connection:
            reply.tls = connection.tls
            with connection.exchange(headers, keep(body, batch.body_limit), end=not batch.body) as exchange:
                try:
                    if batch.body:
                        await connection.send(exchange, batch.body, end=True)
                    await exchange.done
                finally:
                    reply.status = exchange.status
                    reply.take_headers(exchange.headers)
                    reply.take_headers(exchange.trailers)
        return encode_reply(reply, batch.keep_headers)

    try:
        yield send
    finally:
        pool.close()


@asynccontextmanager
async def http2_sender(batch: Batch) -> AsyncIterator[Send]:
    """Send HTTP/2 calls."""
    pool = Pool(partial(opened, Connector(batch)), each_new=batch.new_connections)
    async with send_by_streams(batch, pool) as send:
        yield send
