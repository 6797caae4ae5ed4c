"""Runs batches: so many calls, so many at a time, until done, out of time or told to stop."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from typing import Any

from probe.batch import Batch
from probe.batches import Batches
from probe.reply import Encoded
from probe.send.call import Send, Sender
from probe.send.grpc import grpc_sender
from probe.send.http import http_sender
from probe.send.http2 import http2_sender
from probe.send.pace import Pace
from probe.send.tcp import tcp_sender
from probe.send.websocket import websocket_sender


def _http3_sender(batch: Batch) -> AbstractAsyncContextManager[Send]:
    # Loaded with the first such batch, as its configuration is.
    from probe.send.http3 import http3_sender  # noqa: PLC0415

    return http3_sender(batch)


SENDERS: Mapping[str, Sender] = {
    "http": http_sender,
    "http2": http2_sender,
    "http3": _http3_sender,
    "grpc": grpc_sender,
    "websocket": websocket_sender,
    "tcp": tcp_sender,
}
"""How each protocol is sent; a further protocol is a further entry."""

MOST_KEPT = 24 << 20
"""Bytes of encoded replies that one control call may hold: a probe lives in 100 MB."""

_TOLD_TO_END = "the probe was told to end"


@dataclass(slots=True)
class Outcome:
    """What a batch came to.

    Args:
        replies: encoded, in the order in which their calls were started.
        reason: why calls are missing (not sent, or not answered when the batch ended); None when none is.
    """

    replies: list[Encoded] = field(default_factory=list)
    reason: str | None = None


@dataclass(slots=True)
class Kept:
    """Bytes of encoded replies that a control call holds so far."""

    size: int = 0


async def run_batch(batch: Batch, stop: asyncio.Event, kept: Kept | None = None) -> Outcome:
    """Send the batch's calls.

    Args:
        batch: what to send.
        stop: when set, the batch ends at once.
        kept: by batches of the same control call; this one's replies are added.
    """
    kept = kept or Kept()
    replies: list[Encoded | None] = [None] * batch.count
    numbers = iter(range(batch.count))
    pace = Pace(batch.rate)

    async with SENDERS[batch.protocol](batch) as send:

        async def work() -> None:
            for number in numbers:
                await pace.turn()
                if kept.size > MOST_KEPT:
                    return
                encoded = await send()
                replies[number] = encoded
                kept.size += len(encoded[0])

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
    if len(answered) == batch.count:
        return Outcome(answered)
    if stop.is_set():
        return Outcome(answered, _TOLD_TO_END)
    if kept.size > MOST_KEPT:
        return Outcome(
            answered, f"the replies exceed {MOST_KEPT} bytes; keep_headers and body_limit bound them"
        )
    return Outcome(answered, f"the deadline of {batch.deadline:g} s was reached")


async def run_batches(asked: Batches, stop: asyncio.Event) -> list[Outcome]:
    """Send the calls of several batches; their outcomes are in the order of the batches.

    Args:
        asked: what to send.
        stop: when set, all batches end at once.
    """
    late = f"the deadline of {asked.deadline:g} s was reached"
    outcomes = [Outcome(reason=late) for _ in asked.batches]
    numbers = iter(range(len(outcomes)))
    kept = Kept()
    now = asyncio.get_running_loop().time
    end = now() + asked.deadline

    async def work() -> None:
        for number in numbers:
            batch, left = asked.batches[number], end - now()
            if stop.is_set():
                outcomes[number] = Outcome(reason=_TOLD_TO_END)
            elif left > 0:
                batch = replace(batch, deadline=min(batch.deadline, left))
                outcomes[number] = await run_batch(batch, stop, kept)

    async with asyncio.TaskGroup() as workers:
        for _ in range(min(asked.concurrency, len(outcomes))):
            workers.create_task(work())
    return outcomes


async def encode_answer(outcome: Outcome) -> AsyncIterator[bytes]:
    """Yield the answer to a batch as JSON, in pieces: a large one is never held twice."""
    piece = bytearray(b'{"replies":[')
    for number, (reply, tls) in enumerate(outcome.replies):
        if number:
            piece += b","
        piece += reply
        piece += tls
        piece += b"}"
        if len(piece) >= 64 << 10:
            yield bytes(piece)
            piece.clear()
    if outcome.reason is None:
        piece += b'],"partial":false,"reason":null}'
    else:
        piece += b'],"partial":true,"reason":"%s"}' % outcome.reason.encode()
    yield bytes(piece)


async def encode_answers(outcomes: Iterable[Outcome]) -> AsyncIterator[bytes]:
    """Yield the answers to several batches as JSON, in pieces."""
    begun = b'{"answers":['
    for outcome in outcomes:
        yield begun
        async for piece in encode_answer(outcome):
            yield piece
        begun = b","
    yield b"]}"
