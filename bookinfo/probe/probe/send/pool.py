"""The HTTP/2 connections of one batch."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from probe.batch import Batch
from probe.send.connect import Connector
from probe.send.h2 import Connection


class Pool:
    """One connection for all calls; a further one only when the peer allows no more streams on it.

    With `new_connections` each call gets one of its own.
    """

    def __init__(self, batch: Batch) -> None:
        self._connector = Connector(batch)
        self._each_new = batch.new_connections
        self._connections: list[Connection] = []
        self._opening = asyncio.Lock()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """Yield a connection on which an exchange can begin at once."""
        if self._each_new:
            connection = await self._open()
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

    async def _more(self) -> Connection:
        connection = await self._open()
        self._connections = [known for known in self._connections if known.open] + [connection]
        return connection

    async def _open(self) -> Connection:
        connection = await self._connector.open(Connection)
        try:
            await connection.ready
        except BaseException:
            connection.close()
            raise
        return connection

    def close(self) -> None:
        """Close every connection."""
        for connection in self._connections:
            connection.close()
