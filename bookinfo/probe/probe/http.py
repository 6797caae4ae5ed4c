"""Sends HTTP/1.1 calls. One client per batch; what the wire did is what the reply says."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import aiohttp
from aiohttp import ClientHandlerType, ClientRequest, ClientResponse

from probe.batch import Batch
from probe.failures import failure_of
from probe.reply import encode_reply

USER_AGENT = "meshproof-probe"


class ConnectionFailedError(Exception):
    """A connection failed; its cause says how.

    It stands in for the client's own errors because the client sends a call a second time when it meets
    one of those, and a failure that was sent again is a failure that nobody sees.
    """


async def _once(request: ClientRequest, send: ClientHandlerType) -> ClientResponse:
    try:
        return await send(request)
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise ConnectionFailedError from error


async def _read(response: ClientResponse, kept: bytearray, limit: int) -> None:
    # Read to the end, or the connection could not be used again; keep no more than was asked for.
    async for chunk in response.content.iter_any():
        if len(kept) < limit:
            kept += chunk[: limit - len(kept)]


async def _call(session: aiohttp.ClientSession, batch: Batch) -> bytes:
    status, failure = None, None
    headers: dict[str, str] = {}
    body = bytearray()
    started = time.perf_counter()
    try:
        async with session.request(
            batch.method, batch.url, headers=batch.headers, data=batch.body or None, allow_redirects=False
        ) as response:
            status = response.status
            for name, value in response.headers.items():
                key = name.lower()
                headers[key] = f"{headers[key]}, {value}" if key in headers else value
            await _read(response, body, batch.body_limit)
    except ConnectionFailedError as error:
        failure = failure_of(error.__cause__ or error, batch.timeout)
    except (aiohttp.ClientError, OSError, ValueError) as error:
        failure = failure_of(error, batch.timeout)
    seconds = time.perf_counter() - started
    return encode_reply(status=status, headers=headers, body=body, seconds=seconds, failure=failure)


@asynccontextmanager
async def http_sender(batch: Batch) -> AsyncIterator[Callable[[], Awaitable[bytes]]]:
    """Yield a function that sends one call of the batch and returns its encoded reply.

    Connections live as long as the batch: a proxy applies new configuration to new connections at once
    and to old ones only when it drains them, so a batch must not inherit the connections of another.
    """
    connector = aiohttp.TCPConnector(limit=batch.concurrency, force_close=batch.new_connections)
    async with aiohttp.ClientSession(
        connector=connector,
        timeout=aiohttp.ClientTimeout(total=batch.timeout),
        headers={"User-Agent": USER_AGENT},
        skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type"),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        middlewares=(_once,),
    ) as session:
        yield lambda: _call(session, batch)
