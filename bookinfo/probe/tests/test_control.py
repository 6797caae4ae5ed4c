"""The control API: who the probe is, batches, and calls that were seen."""

import asyncio
import json

from tests.peers import IDENTITY, raw_peer, run, running_control


async def answer(_reader, writer):
    writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")


def test_health_names_the_probe():
    async def test():
        async with running_control() as control:
            assert await control.get("/health") == {
                "pod": IDENTITY.pod,
                "workload": IDENTITY.workload,
                "version": IDENTITY.version,
            }

    run(test())


def test_batch_is_answered_with_its_replies():
    async def test():
        async with running_control() as control, raw_peer(answer) as url:
            status, said = await control.send(url=url, count=3)
            assert status == 200
            assert [reply["status"] for reply in said["replies"]] == [204] * 3
            assert said["partial"] is False

    run(test())


def test_seen_counts_calls_by_key_whatever_the_key():
    async def test():
        async with running_control() as control:
            control.seen.arrived("a/b c")
            control.seen.arrived("a/b c")
            seen = await control.get("/seen/a/b%20c")
            assert seen["count"] == 2
            assert len(seen["at"]) == 2
            assert await control.get("/seen/never") == {"count": 0, "at": []}

    run(test())


def test_stopped_probe_returns_what_is_there_marked_partial():
    async def test():
        async def slowly(reader, writer):
            await asyncio.sleep(0.1)
            await answer(reader, writer)

        async with running_control() as control, raw_peer(slowly) as url:
            sending = asyncio.create_task(control.send(url=url, count=100, body_limit=0))
            await asyncio.sleep(0.25)
            control.stop.set()
            status, said = await sending
            assert status == 200
            assert (said["partial"], said["reason"]) == (True, "the probe was told to end")
            assert 1 <= len(said["replies"]) <= 2

    run(test())


def test_batch_of_a_caller_who_has_gone_stops_sending():
    async def test():
        calls = 0

        async def slowly(reader, writer):
            nonlocal calls
            calls += 1
            await asyncio.sleep(0.05)
            await answer(reader, writer)

        async with running_control() as control, raw_peer(slowly) as url:
            document = json.dumps({"url": url, "count": 100, "body_limit": 0}).encode()
            _, writer = await asyncio.open_connection("127.0.0.1", int(control.url.rpartition(":")[2]))
            writer.write(b"POST /send HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(document))
            writer.write(document)
            await asyncio.sleep(0.12)
            writer.close()
            await asyncio.sleep(0.2)
            before = calls
            await asyncio.sleep(0.12)
            assert 1 <= before == calls

    run(test())
