"""Several batches in one control call: each gets its answer, so many at a time, and all end in time."""

import asyncio
import time

import pytest

from probe.send import run as running
from tests.peers import raw_peer, run, running_control


class Peer:
    """Answers a call after some seconds with its path, and knows how many were there at the same time."""

    def __init__(self, seconds=0.0):
        self.seconds = seconds
        self.now = self.most = self.calls = 0

    async def __call__(self, reader, writer):
        path = (await reader.readuntil(b"\r\n\r\n")).split()[1]
        self.calls += 1
        self.now += 1
        self.most = max(self.most, self.now)
        await asyncio.sleep(self.seconds)
        self.now -= 1
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(path) + path)


def peer_at(peer):
    return raw_peer(peer, until=b"")


def test_each_batch_has_its_answer_in_the_order_of_the_batches():
    async def test():
        async def first_last(reader, writer):
            line = await reader.readuntil(b"\r\n\r\n")
            await asyncio.sleep(0.2 if b"GET /0 " in line else 0)
            writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n" + line[4:6])

        async with running_control() as control, peer_at(first_last) as url:
            batches = [{"url": f"{url}/{number}", "count": 1 + number} for number in range(3)]
            status, said = await control.post("/send-each", {"batches": batches, "concurrency": 3})
            assert status == 200
            bodies = [[reply["body"] for reply in one["replies"]] for one in said["answers"]]
            assert bodies == [["/0"], ["/1"] * 2, ["/2"] * 3]
            assert [(one["partial"], one["reason"]) for one in said["answers"]] == [(False, None)] * 3

    run(test())


@pytest.mark.parametrize(("asked", "most"), [({}, 1), ({"concurrency": 3}, 3), ({"concurrency": 64}, 6)])
def test_so_many_batches_run_at_the_same_time(asked, most):
    async def test():
        peer = Peer(seconds=0.1)
        async with running_control() as control, peer_at(peer) as url:
            status, _ = await control.post("/send-each", {"batches": [{"url": url}] * 6, **asked})
            assert (status, peer.most, peer.calls) == (200, most, 6)

    run(test())


def test_batch_that_ends_at_its_deadline_leaves_the_others_alone():
    async def test():
        async with running_control() as control, peer_at(Peer(seconds=0.2)) as url:
            batches = [{"url": url, "deadline": 0.05}, {"url": url}]
            _, said = await control.post("/send-each", {"batches": batches})
            assert [len(one["replies"]) for one in said["answers"]] == [0, 1]
            assert said["answers"][0]["reason"] == "the deadline of 0.05 s was reached"

    run(test())


def test_all_of_them_end_at_the_deadline_of_all():
    async def test():
        peer, began = Peer(seconds=0.1), time.monotonic()
        async with running_control() as control, peer_at(peer) as url:
            batches = {"batches": [{"url": url}] * 100, "deadline": 0.35}
            _, said = await control.post("/send-each", batches)
        assert time.monotonic() - began < 2
        answered = [len(one["replies"]) for one in said["answers"]]
        assert len(answered) == 100
        assert answered == sorted(answered, reverse=True)
        assert 1 <= sum(answered) <= 3
        assert said["answers"][-1] == {
            "replies": [],
            "partial": True,
            "reason": "the deadline of 0.35 s was reached",
        }

    run(test())


def test_stopped_probe_returns_the_answers_that_are_there():
    async def test():
        peer = Peer(seconds=0.1)
        async with running_control() as control, peer_at(peer) as url:
            sending = asyncio.create_task(control.post("/send-each", {"batches": [{"url": url}] * 50}))
            await asyncio.sleep(0.25)
            control.stop.set()
            status, said = await sending
            assert status == 200
            assert 1 <= sum(len(one["replies"]) for one in said["answers"]) <= 2
            assert {one["reason"] for one in said["answers"][3:]} == {"the probe was told to end"}
            assert peer.calls <= 3

    run(test())


def test_replies_beyond_memory_end_all_batches(monkeypatch):
    monkeypatch.setattr(running, "MOST_KEPT", 1000)

    async def test():
        peer = Peer()
        async with running_control() as control, peer_at(peer) as url:
            _, said = await control.post("/send-each", {"batches": [{"url": url}] * 100})
            assert said["answers"][-1]["reason"].startswith("the replies exceed 1000 bytes")
            assert 1 <= peer.calls < 20

    run(test())


GOOD = {"url": "http://reviews:9080/"}
NO_LIST = "batches: must be a list of 1..1000 batches"


@pytest.mark.parametrize(
    ("document", "error"),
    [
        ([], "request: must be a JSON object"),
        ({}, NO_LIST),
        ({"batches": GOOD}, NO_LIST),
        ({"batches": []}, NO_LIST),
        ({"batches": [GOOD] * 1001}, NO_LIST),
        ({"batches": [GOOD, {}]}, "batches[1]: url: must be given"),
        ({"batches": [GOOD, GOOD, "x"]}, "batches[2]: batch: must be a JSON object"),
        ({"batches": [{**GOOD, "count": 0}]}, "batches[0]: count: must be 1..20000"),
        (
            {"batches": [{**GOOD, "count": 10_001, "body_limit": 0}] * 2},
            "batches: must be at most 20000 calls in all",
        ),
        ({"batches": [GOOD], "concurrency": 0}, "concurrency: must be 1..64"),
        ({"batches": [GOOD], "concurrency": 65}, "concurrency: must be 1..64"),
        ({"batches": [GOOD], "deadline": 0}, "deadline: must be seconds above 0, at most 900"),
        (
            {"batches": [GOOD], "count": 1},
            "count: unknown field (known: batches, concurrency, deadline)",
        ),
    ],
)
def test_batches_that_cannot_be_run_are_refused(document, error):
    async def test():
        async with running_control() as control:
            assert await control.post("/send-each", document) == (422, {"error": error})

    run(test())
