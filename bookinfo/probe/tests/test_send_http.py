"""HTTP/1.1: what goes out, and each way in which it fails."""

import asyncio

import pytest
from aiohttp import ClientConnectorError

from probe.failures import failure_of
from tests.peers import failure, hang_up, raw_peer, replies, reset, run


def echo(heads, head=b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello"):
    """A peer's behaviour: keep the requests' heads, answer all alike."""

    async def behave(reader, writer):
        while True:
            heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
            writer.write(head)

    return behave


def test_request_goes_out_as_written_with_nothing_added():
    async def test():
        heads = []
        async with raw_peer(echo(heads), until=b"") as url:
            await replies(
                url=f"{url}/a/../b%2e//c?x=%20", method="OPTIONS", headers={"X-a": "b"}, host="shop:1"
            )
        first, *rest = heads[0].split("\r\n")
        assert first == "OPTIONS /a/../b%2e//c?x=%20 HTTP/1.1"
        assert sorted(filter(None, rest)) == ["Host: shop:1", "User-Agent: meshproof-probe", "X-a: b"]

    run(test())


@pytest.mark.parametrize(("new", "connections"), [(True, 8), (False, 2)])
def test_connections_are_kept_or_new_as_told(new, connections):
    async def test():
        opened = 0

        async def count(reader, writer):
            nonlocal opened
            opened += 1
            await asyncio.sleep(0.01)
            await echo([])(reader, writer)

        async with raw_peer(count, until=b"") as url:
            await replies(url=url, count=8, concurrency=2, new_connections=new)
        assert opened == connections

    run(test())


@pytest.mark.parametrize("limit", [0, 3])
def test_body_limit_bounds_each_body_and_keeps_the_connection(limit):
    async def test():
        async with raw_peer(echo([]), until=b"") as url:
            got = await replies(url=url, count=3, body_limit=limit)
            assert [reply["body"] for reply in got] == ["hello"[:limit]] * 3

    run(test())


def test_redirect_is_returned_not_followed():
    async def test():
        head = b"HTTP/1.1 302 Found\r\nlocation: http://no-such-host.invalid/\r\ncontent-length: 0\r\n\r\n"
        async with raw_peer(echo([], head), until=b"") as url:
            (reply,) = await replies(url=url)
            assert (reply["status"], reply["failure"]) == (302, None)

    run(test())


def test_refused_connection_is_refused():
    async def test():
        async with raw_peer(reset) as url:
            pass
        assert await failure(url=url) == ("refused", "connection refused", None)

    run(test())


@pytest.mark.parametrize(
    ("behave", "failed"),
    [
        (reset, ("reset", "connection reset by peer", None)),
        (hang_up, ("closed", "connection closed before the reply", None)),
    ],
)
def test_broken_connection_has_its_kind_and_is_sent_once_only(behave, failed):
    async def test():
        calls = 0

        async def count(reader, writer):
            nonlocal calls
            calls += 1
            await behave(reader, writer)

        async with raw_peer(count) as url:
            for number in range(3):
                assert await failure(url=url) == failed
                assert calls == number + 1

    run(test())


@pytest.mark.parametrize(
    ("head", "end", "kind"),
    [
        (b"content-length: 10\r\n\r\nhalf", None, "closed"),
        (b"transfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n", None, "closed"),
        (b"transfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n", reset, "reset"),
    ],
)
def test_end_within_the_reply_keeps_what_came(head, end, kind):
    async def test():
        async def half(reader, writer):
            writer.write(b"HTTP/1.1 200 OK\r\nx-a: 1\r\n" + head)
            await writer.drain()
            if end:
                await asyncio.sleep(0.05)
                await end(reader, writer)

        async with raw_peer(half) as url:
            (reply,) = await replies(url=url)
            assert (reply["status"], reply["headers"]["x-a"], reply["body"]) == (200, "1", "half")
            assert reply["failure"]["kind"] == kind

    run(test())


def test_slow_reply_is_a_timeout():
    async def test():
        async def sleep(_reader, _writer):
            await asyncio.sleep(1)

        async with raw_peer(sleep) as url:
            (reply,) = await replies(url=url, timeout=0.1)
            assert reply["failure"] == {"kind": "timeout", "detail": "no answer within 0.1 s", "alert": None}
            assert 0.09 < reply["seconds"] < 1

    run(test())


@pytest.mark.usefixtures("no_invalid_names")
def test_unknown_host_is_dns():
    async def test():
        kind, detail, _ = await failure(url="http://no-such-host.invalid/")
        assert kind == "dns"
        assert detail.startswith("no-such-host.invalid: ")

    run(test())


def test_reply_that_is_not_http_is_other():
    async def test():
        async def chatter(_reader, writer):
            writer.write(b"220 mail.example ESMTP\r\n")
            await writer.drain()

        async with raw_peer(chatter) as url:
            kind, _, _ = await failure(url=url)
            assert kind == "other"

    run(test())


def test_unreachable_errors_have_their_words():
    unreachable = failure_of(ClientConnectorError(None, OSError(113, "x")), 5)
    assert (unreachable.kind, unreachable.detail) == ("other", "no route to host")
    assert failure_of(TimeoutError(110, "x"), 5).detail == "connection timed out"
