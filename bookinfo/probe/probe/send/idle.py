"""Connections that carry one call at a time and are kept for the next."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Generic, Protocol, TypeVar

GOODBYE = 2.0
"""Seconds that a peer has to answer when a connection is closed in good order."""

MOST_CLOSING = 256
"""Connections that may wait for such an answer at the same time: a probe lives in 100 MB."""


class Line(Protocol):
    """A connection of such a kind."""

    def alive(self) -> bool:
        """Return whether a further call can be tried on it."""

    def drop(self) -> None:
        """End it at once: a call on it failed."""

    async def close(self) -> None:
        """End it in good order."""


L = TypeVar("L", bound=Line)


class Idle(Generic[L]):
    """Hands out connections: one that is idle, or a new one.

    Args:
        open_line: opens one.
        each_new: whether each call gets a new one.
    """

    def __init__(self, open_line: Callable[[], Awaitable[L]], *, each_new: bool) -> None:
        self._open_line = open_line
        self._each_new = each_new
        self._idle: list[L] = []
        self._closing: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def line(self) -> AsyncIterator[L]:
        """Yield a connection; it is kept only when the call on it went well."""
        while self._idle:
            line = self._idle.pop()
            if line.alive():
                break
            line.drop()
        else:
            line = await self._open_line()
        try:
            yield line
        except BaseException:
            line.drop()
            raise
        if self._each_new:
            self._end(line)
        else:
            self._idle.append(line)

    async def close(self) -> None:
        """Close what is idle, and see the end of what is being closed."""
        for line in self._idle:
            self._end(line)
        await asyncio.gather(*self._closing)

    def _end(self, line: L) -> None:
        # Not within the call: its reply is complete, and its time is over.
        if len(self._closing) >= MOST_CLOSING:
            line.drop()
            return
        closing = asyncio.create_task(_closed(line))
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)


async def _closed(line: Line) -> None:
    try:
        async with asyncio.timeout(GOODBYE):
            await line.close()
    except BaseException as error:
        line.drop()
        if not isinstance(error, TimeoutError):
            raise
