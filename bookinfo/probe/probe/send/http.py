"""Sends HTTP/1.1 calls. What the wire did is what the reply says: no redirect, no second try, no decoding."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from aiohttp import ClientHandlerType, ClientRequest, ClientResponse

from probe.batch import LONGEST_BATCH, Batch
from probe.failures import CallFailedError
from probe.reply import Encoded, Reply, encode_reply, keep
from probe.send.call import USER_AGENT, Send, one_call
from probe.tls_client import describe_tls


async def send_once(request: ClientRequest, send: ClientHandlerType) -> ClientResponse:
    """Keep the client from sending a call a second time, which it does when it meets errors of its own.

    They are passed on in an envelope: a failure that was sent again is a failure that nobody sees.
    """
    try:
        return await send(request)
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise CallFailedError from error


class WitnessedResponse(ClientResponse):
    """A response that remembers its connection, which the client's own lets go of when the body is read."""

    tls = b"null"
    protocol: Any = None

    async def start(self, connection: Any) -> ClientResponse:
        """Note the connection before the response begins."""
        self.protocol = connection.protocol
        if connection.transport is not None:
            self.tls = describe_tls(connection.transport.get_extra_info("ssl_object"))
        return await super().start(connection)


def client_session(batch: Batch, *middlewares: aiohttp.ClientMiddlewareType) -> aiohttp.ClientSession:
    """Return a client that adds nothing to what the batch says, and keeps connections as it says."""
    # Kept for longer than any batch: whether a connection is closed in between is up to the peer.
    kept = {"force_close": True} if batch.new_connections else {"keepalive_timeout": 2 * LONGEST_BATCH}
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=batch.concurrency, **kept),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),
        headers={"User-Agent": USER_AGENT},
        skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type"),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        middlewares=(send_once, *middlewares),
        response_class=WitnessedResponse,
        max_line_size=64 << 10,
        max_field_size=64 << 10,
    )


def request_options(batch: Batch) -> dict[str, Any]:
    """Return what each request of the batch has: headers, the host that is asked for, TLS."""
    host = {} if batch.host is None else {"Host": batch.host}
    options: dict[str, Any] = {"headers": {**host, **batch.headers}}
    if batch.tls is not None:
        options |= {"ssl": batch.tls, "server_hostname": batch.server_name}
    return options


@asynccontextmanager
async def http_sender(batch: Batch) -> AsyncIterator[Send]:
    """Send HTTP/1.1 calls, over http:// or https://."""
    options = request_options(batch) | {"data": batch.body or None, "allow_redirects": False}

    async with client_session(batch) as session:

        async def send() -> Encoded:
            reply = Reply()
            reply.body = body = bytearray()
            take = keep(body, batch.body_limit)
            async with (
                one_call(batch, reply),
                session.request(batch.method, batch.url, **options) as response,
            ):
                reply.status = response.status
                reply.tls = getattr(response, "tls", b"null")
                reply.take_headers(response.headers.items())
                # To the end, or the connection could not be used again.
                async for piece in response.content.iter_any():
                    take(piece)
            return encode_reply(reply, batch.keep_headers)

        yield send
