"""What every call has in common, whatever its protocol: a clock, a time limit, a typed failure."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from types import TracebackType

from probe.batch import Batch
from probe.failures import failure_of
from probe.reply import Encoded, Reply

USER_AGENT = "meshproof-probe"

LONGEST_MESSAGE = 4 << 20
"""Bytes of one message (gRPC, WebSocket, line of TCP) that are read; what is longer fails the call."""

Send = Callable[[], Awaitable[Encoded]]
Sender = Callable[[Batch], AbstractAsyncContextManager[Send]]
"""Opens a batch's connections as they are needed and closes them at its end; in between it sends calls.

Connections live as long as their batch: a proxy applies new configuration to new connections at once and
to old ones only when it drains them, so a batch must not inherit the connections of another.
"""


class one_call:  # noqa: N801 - reads as what it does
    """Times what happens within, limits it to the batch's timeout, and notes how it failed if it did."""

    __slots__ = ("_batch", "_limit", "_reply", "_started")

    def __init__(self, batch: Batch, reply: Reply) -> None:
        self._batch = batch
        self._reply = reply
        self._limit = asyncio.timeout(batch.timeout)

    async def __aenter__(self) -> None:
        self._reply.at = time.time()
        self._started = time.perf_counter()
        await self._limit.__aenter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        try:
            await self._limit.__aexit__(kind, error, trace)
        except TimeoutError as late:
            error = late
        self._reply.seconds = time.perf_counter() - self._started
        if error is None:
            return False
        # Whatever a call meets is its reply, never the end of the batch; only the batch's own end passes.
        if isinstance(error, Exception):
            self._reply.failure = failure_of(error, self._batch.timeout)
            return True
        return False
