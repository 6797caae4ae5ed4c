"""How a batch runs: all its calls, at its pace, until it is done or must end."""

import asyncio
import json

import pytest

from probe.batch import parse_batch
from probe.send import pace
from probe.send import run as running
from probe.send.pace import Pace
from probe.send.run import run_batch
from tests.peers import raw_peer, replies, run, send


async def answer(_reader, writer):
    writer.write(b"HTTP/1.1 200 OK\r\nx-a: 1\r\nx-b: 2\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi")


async def slowly(reader, writer):
    await asyncio.sleep(0.1)
    await answer(reader, writer)


def test_calls_keep_their_pace():
    async def test():
        async with raw_peer(answer) as url:
            got = await replies(url=url, count=25, concurrency=8, rate=100)
            assert got[-1]["at"] - got[0]["at"] >= 0.23

    run(test())


class Clock:
    """A loop whose time is told: sleeping takes what is asked for, and now and then more."""

    def __init__(self, late):
        self.now = 1000.0
        self._late = iter(late)

    def time(self):
        return self.now

    async def sleep(self, seconds):
        self.now += seconds + next(self._late, 0.0)


@pytest.mark.parametrize(
    ("late", "turns"),
    [
        ([], [0, 0.1, 0.2, 0.3, 0.4]),
        ([0.03, 0.02], [0, 0.13, 0.22, 0.3, 0.4]),  # late timers do not add up
        ([0, 0.55], [0, 0.1, 0.75, 0.85, 0.95]),  # after a stall the pace goes on from there
    ],
)
def test_pace_is_even_and_a_stall_is_not_made_up_for(monkeypatch, late, turns):
    clock = Clock(late)
    monkeypatch.setattr(pace.asyncio, "sleep", clock.sleep)
    monkeypatch.setattr(pace.asyncio, "get_running_loop", lambda: clock)

    async def test():
        steady, got = Pace(10), []
        for _ in turns:
            await steady.turn()
            got.append(clock.now - 1000)
        assert got == pytest.approx(turns)

    run(test())


def test_deadline_returns_what_is_there_marked_partial():
    async def test():
        async with raw_peer(slowly) as url:
            got = await send(url=url, count=100, body_limit=0, deadline=0.35)
            assert (got["partial"], got["reason"]) == (True, "the deadline of 0.35 s was reached")
            assert 1 <= len(got["replies"]) <= 3

    run(test())


def test_cancelled_batch_stops_sending():
    async def test():
        calls = 0

        async def count(reader, writer):
            nonlocal calls
            calls += 1
            await slowly(reader, writer)

        async with raw_peer(count) as url:
            batch = parse_batch(json.dumps({"url": url, "count": 100, "body_limit": 0}).encode())
            sending = asyncio.create_task(run_batch(batch, asyncio.Event()))
            await asyncio.sleep(0.25)
            sending.cancel()
            with pytest.raises(asyncio.CancelledError):
                await sending
            before = calls
            await asyncio.sleep(0.15)
            assert 1 <= before == calls

    run(test())


def test_replies_beyond_memory_end_the_batch(monkeypatch):
    monkeypatch.setattr(running, "MOST_KEPT", 1000)

    async def test():
        async with raw_peer(answer) as url:
            got = await send(url=url, count=100, body_limit=0)
            assert got["partial"]
            assert got["reason"].startswith("the replies exceed 1000 bytes")
            assert 1 <= len(got["replies"]) < 20

    run(test())


def test_headers_that_were_not_asked_for_are_left_out():
    async def test():
        async with raw_peer(answer) as url:
            (some,) = await replies(url=url, keep_headers=["X-B", "x-c"])
            (none,) = await replies(url=url, keep_headers=[])
            assert (some["headers"], none["headers"]) == ({"x-b": "2"}, {})

    run(test())
