"""Connections that carry one call at a time and are kept for the next."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Generic, Protocol, TypeVar


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
            line.drop()
        else:
            self._idle.append(line)

    async def close(self) -> None:
        """Close what is idle."""
        await asyncio.gather(*(line.close() for line in self._idle))
