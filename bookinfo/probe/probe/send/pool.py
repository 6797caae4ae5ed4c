"""The connections of one batch that carry many calls at once: HTTP/2 and HTTP/3."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractContextManager, asynccontextmanager
from typing import Generic, Protocol, TypeVar

from probe.send.exchange import Exchange, Pairs


class Shared(Protocol):
    """A connection of such a kind; `ready` for exchanges, `open` until it ends, `tls` as replies show it."""

    ready: asyncio.Future[None]
    open: bool
    tls: bytes

    @property
    def usable(self) -> bool:
        """Whether a further exchange may begin here now."""

    def exchange(
        self, headers: Pairs, on_data: Callable[[bytes], None], *, end: bool
    ) -> AbstractContextManager[Exchange]:
        """Begin an exchange; `end`: the request has no body."""

    async def send(self, exchange: Exchange, data: bytes, *, end: bool) -> None:
        """Send a part of the request's body."""

    def close(self) -> None:
        """Say goodbye and close."""


C = TypeVar("C", bound=Shared)


async def when_ready(connection: C) -> C:
    """Return a connection when exchanges may begin on it; one that does not come so far is closed."""
    try:
        await connection.ready
    except BaseException:
        connection.close()
        raise
    return connection


class Pool(Generic[C]):
    """One connection for all calls; a further one only when no further call may begin on it.

    Args:
        open_one: opens one on which exchanges may begin.
        each_new: whether each call gets one of its own.
    """

    def __init__(self, open_one: Callable[[], Awaitable[C]], *, each_new: bool) -> None:
        self._open_one = open_one
        self._each_new = each_new
        self._connections: list[C] = []
        self._opening = asyncio.Lock()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[C]:
        """Yield a connection on which an exchange can begin at once."""
        if self._each_new:
            connection = await self._open_one()
            try:
                yield connection
            finally:
                connection.close()
            return
        async with self._opening:
            connection = (
                next((known for known in self._connections if known.usable), None) or await self._more()
            )
        yield connection

    async def _more(self) -> C:
        connection = await self._open_one()
        self._connections = [known for known in self._connections if known.open] + [connection]
        return connection

    def close(self) -> None:
        """Close every connection."""
        for connection in self._connections:
            connection.close()
