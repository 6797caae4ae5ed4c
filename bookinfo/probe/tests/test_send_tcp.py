"""TCP: a line out, a line back."""

import asyncio
import json

import pytest

from tests.peers import failure, hang_up, raw_peer, replies, reset, run

SERVED_BY = {"served_by": {"pod": "p-1", "workload": "p", "version": "v2"}}


def saying(line, greeting=b""):
    """A peer that answers every line, and may speak first."""

    async def behave(reader, writer):
        writer.write(greeting)
        while heard := await reader.readline():
            writer.write(line or heard)

    return behave


@pytest.mark.parametrize(
    ("query", "body", "sent"),
    [("", "hello", "hello"), ("?delay=0", "hello", "?delay=0 hello"), ("", "?x", "? ?x"), ("", "", "")],
)
def test_line_goes_out_with_the_instructions_of_the_url(query, body, sent):
    async def test():
        async with raw_peer(saying(b""), scheme="tcp", until=b"") as url:
            (reply,) = await replies(protocol="tcp", url=url + query, body=body)
            assert (reply["status"], reply["headers"], reply["body"]) == (None, {}, sent)

    run(test())


def test_who_answered_stands_among_the_headers():
    async def test():
        line = json.dumps(SERVED_BY).encode() + b"\n"
        async with raw_peer(saying(line), scheme="tcp", until=b"") as url:
            (reply,) = await replies(protocol="tcp", url=url, body_limit=5)
            assert reply["headers"] == {
                "x-served-by": "p-1",
                "x-served-workload": "p",
                "x-served-version": "v2",
            }
            assert reply["body"] == line[:5].decode()

    run(test())


@pytest.mark.parametrize(("new", "connections"), [(True, 6), (False, 2)])
def test_connections_are_kept_or_new_as_told(new, connections):
    async def test():
        opened = 0

        async def count(reader, writer):
            nonlocal opened
            opened += 1
            await asyncio.sleep(0.01)
            await saying(b"")(reader, writer)

        async with raw_peer(count, scheme="tcp", until=b"") as url:
            await replies(protocol="tcp", url=url, count=6, concurrency=2, new_connections=new)
        assert opened == connections

    run(test())


@pytest.mark.parametrize("server_first", [True, False])
def test_greeting_is_no_reply(server_first):
    async def test():
        greeting = json.dumps(SERVED_BY | {"greeting": True}).encode() + b"\n"
        async with raw_peer(saying(b"", greeting), scheme="tcp", until=b"") as url:
            got = await replies(protocol="tcp", url=url, body="a", count=2, server_first=server_first)
            assert [reply["body"] for reply in got] == ["a", "a"]

    run(test())


def test_who_waits_for_a_greeting_says_nothing_before():
    async def test():
        async with raw_peer(saying(b""), scheme="tcp", until=b"") as url:
            assert await failure(protocol="tcp", url=url, server_first=True, timeout=0.1) == (
                "timeout",
                "no answer within 0.1 s",
                None,
            )

    run(test())


@pytest.mark.parametrize(
    ("behave", "failed"),
    [
        (hang_up, ("closed", "connection closed before the reply", None)),
        (reset, ("reset", "connection reset by peer", None)),
    ],
)
def test_broken_connection_has_its_kind(behave, failed):
    async def test():
        async with raw_peer(behave, scheme="tcp", until=b"\n") as url:
            assert await failure(protocol="tcp", url=url) == failed
        assert await failure(protocol="tcp", url=url) == ("refused", "connection refused", None)

    run(test())


def test_line_that_does_not_end_is_kept_as_far_as_it_came():
    async def test():
        async def half(_reader, writer):
            writer.write(b"half")

        async with raw_peer(half, scheme="tcp", until=b"\n") as url:
            (reply,) = await replies(protocol="tcp", url=url)
            assert reply["body"] == "half"
            assert reply["failure"]["detail"] == "connection closed within the reply"

    run(test())


def test_endless_line_fails():
    async def test():
        async def endless(_reader, writer):
            while not writer.transport.is_closing():
                writer.write(b"x" * 65536)
                await writer.drain()

        async with raw_peer(endless, scheme="tcp", until=b"\n") as url:
            kind, detail, _ = await failure(protocol="tcp", url=url)
            assert (kind, detail) == ("other", "no end of line within 4194304 bytes")

    run(test())
