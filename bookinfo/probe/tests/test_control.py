"""The control API: who the probe is, batches, and calls that were seen."""

import asyncio
import json

import pytest

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


@pytest.mark.parametrize(
    ("path", "document"),
    [
        ("/send", lambda url: {"url": url, "count": 100, "body_limit": 0}),
        ("/send-each", lambda url: {"batches": [{"url": url}] * 100}),
    ],
)
def test_calls_of_a_caller_who_has_gone_end(path, document):
    async def test():
        calls = 0

        async def slowly(reader, writer):
            nonlocal calls
            calls += 1
            await asyncio.sleep(0.05)
            await answer(reader, writer)

        async with running_control() as control, raw_peer(slowly) as url:
            text = json.dumps(document(url)).encode()
            _, writer = await asyncio.open_connection("127.0.0.1", int(control.url.rpartition(":")[2]))
            head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(text)}\r\n\r\n"
            writer.write(head.encode() + text)
            await asyncio.sleep(0.12)
            writer.close()
            await asyncio.sleep(0.2)
            before = calls
            await asyncio.sleep(0.12)
            assert 1 <= before == calls

    run(test())


def test_counts_of_several_keys_come_in_their_order():
    async def test():
        async with running_control() as control:
            for key in ("a/b c", "b", "a/b c"):
                control.seen.arrived(key)
            said = await control.post("/seen", {"keys": ["never", "a/b c", "b", "a/b c"]})
            assert said == (200, {"counts": [0, 2, 1, 2]})
            assert await control.post("/seen", {"keys": []}) == (200, {"counts": []})

    run(test())


@pytest.mark.parametrize(
    ("document", "error"),
    [
        ([], "request: must be a JSON object"),
        ({"key": "a"}, "key: unknown field (known: keys)"),
        ({}, "keys: must be a list of at most 10000 texts"),
        ({"keys": "a"}, "keys: must be a list of at most 10000 texts"),
        ({"keys": ["a", 1]}, "keys: must be a list of at most 10000 texts"),
        ({"keys": ["a"] * 10_001}, "keys: must be a list of at most 10000 texts"),
    ],
)
def test_keys_that_are_none_are_refused(document, error):
    async def test():
        async with running_control() as control:
            assert await control.post("/seen", document) == (422, {"error": error})

    run(test())
