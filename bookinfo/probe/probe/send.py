"""Runs a batch: so many calls, so many at a time, until done, out of time or told to stop."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

from probe.batch import Batch
from probe.http import http_sender

Sender = Callable[[Batch], AbstractAsyncContextManager[Callable[[], Awaitable[bytes]]]]

SENDERS: Mapping[str, Sender] = {"http": http_sender}
"""How each protocol is sent; a further protocol is a further entry."""


async def run_batch(batch: Batch, stop: asyncio.Event) -> tuple[list[bytes], bool]:
    """Send the batch's calls.

    Args:
        batch: what to send.
        stop: when set, the batch ends at once.

    Returns:
        The encoded replies in the order in which their calls were started, and whether calls are missing
        (not sent, or not answered when the batch ended).
    """
    replies: list[bytes | None] = [None] * batch.count
    numbers = iter(range(batch.count))

    async with SENDERS[batch.protocol](batch) as send:

        async def work() -> None:
            for number in numbers:
                replies[number] = await send()

        workers = [asyncio.create_task(work()) for _ in range(min(batch.concurrency, batch.count))]
        done = asyncio.gather(*workers)
        stopped = asyncio.create_task(stop.wait())
        ends: set[asyncio.Future[Any]] = {done, stopped}
        try:
            await asyncio.wait(ends, timeout=batch.deadline, return_when=asyncio.FIRST_COMPLETED)
            if done.done():
                await done
        finally:
            for task in (*workers, stopped):
                task.cancel()
            await asyncio.gather(*workers, stopped, done, return_exceptions=True)
    answered = [reply for reply in replies if reply is not None]
    return answered, len(answered) < batch.count


async def encode_answer(replies: list[bytes], *, partial: bool) -> AsyncIterator[bytes]:
    """Yield the answer to a batch as JSON, in pieces: a large one is never held twice."""
    piece = bytearray(b'{"replies":[')
    for number, reply in enumerate(replies):
        if number:
            piece += b","
        piece += reply
        if len(piece) >= 64 << 10:
            yield bytes(piece)
            piece.clear()
    piece += b'],"partial":true}' if partial else b'],"partial":false}'
    yield bytes(piece)
