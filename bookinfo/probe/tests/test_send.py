"""Batches sent through the control API to real peers."""

import asyncio
import json
import ssl

import pytest
from aiohttp import ClientConnectorError

from probe.batch import parse_batch
from probe.failures import failure_of
from probe.send import run_batch
from tests.peers import IDENTITY, raw_peer, reset, run, running_probe


def test_health_names_the_probe():
    async def test():
        async with running_probe() as probe, probe.client.get(f"{probe.control}/health") as response:
            assert response.status == 200
            assert (await response.json())["pod"] == IDENTITY.pod

    run(test())


def test_batch_returns_every_reply_with_who_answered():
    async def test():
        async with running_probe() as probe:
            replies = await probe.replies(
                url=f"{probe.url}/reviews/0", headers={"end-user": "jason"}, count=20, concurrency=4
            )
            assert len(replies) == 20
            for reply in replies:
                assert reply["status"] == 200
                assert reply["failure"] is None
                assert reply["headers"]["x-served-by"] == IDENTITY.pod
                seen = json.loads(reply["body"])
                assert seen["headers"]["end-user"] == "jason"
                assert seen["headers"]["user-agent"] == "meshproof-probe"
                assert "accept-encoding" not in seen["headers"]

    run(test())


def test_method_body_host_and_path_go_out_as_written():
    async def test():
        async with running_probe() as probe:
            (reply,) = await probe.replies(
                url=f"{probe.url}/a/../b%2e//c?x=%20",
                method="POST",
                body="für",
                headers={"host": "shop.example"},
            )
            seen = json.loads(reply["body"])
            assert (seen["method"], seen["path"], seen["query"]) == ("POST", "/a/../b%2e//c", "x=%20")
            assert seen["body"] == "für"
            assert seen["headers"]["host"] == "shop.example"
            assert "content-type" not in seen["headers"]

    run(test())


@pytest.mark.parametrize(("new", "connections"), [(True, 8), (False, 2)])
def test_connections_are_kept_or_new_as_told(new, connections):
    async def test():
        async with running_probe() as probe:
            replies = await probe.replies(url=f"{probe.url}/", count=8, concurrency=2, new_connections=new)
            assert len({json.loads(reply["body"])["peer"] for reply in replies}) == connections

    run(test())


@pytest.mark.parametrize("limit", [0, 10])
def test_body_limit_bounds_each_body_and_keeps_the_connection(limit):
    async def test():
        async with running_probe() as probe:
            replies = await probe.replies(url=f"{probe.url}/", count=3, body_limit=limit)
            assert [len(reply["body"]) for reply in replies] == [limit] * 3

    run(test())


def test_redirect_is_returned_not_followed():
    async def test():
        async with running_probe() as probe:
            (reply,) = await probe.replies(url=f"{probe.url}/?status=302")
            assert reply["status"] == 302

    run(test())


def test_four_thousand_calls_come_back_complete():
    async def test():
        async with running_probe() as probe:
            replies = await probe.replies(url=f"{probe.url}/", count=4000, concurrency=16, body_limit=0)
            assert [reply["status"] for reply in replies] == [200] * 4000

    run(test())


def test_refused_connection_is_refused():
    async def test():
        async with running_probe() as probe, raw_peer(reset) as url:
            pass
        async with running_probe() as probe:
            (reply,) = await probe.replies(url=url)
            assert reply["status"] is None
            assert reply["failure"] == {"kind": "refused", "detail": "connection refused"}

    run(test())


def test_reset_connection_is_reset_and_sent_once_only():
    async def test():
        calls = 0

        async def count_and_reset(reader, writer):
            nonlocal calls
            calls += 1
            await reset(reader, writer)

        async with running_probe() as probe, raw_peer(count_and_reset) as url:
            replies = await probe.replies(url=url, count=3)
            assert [reply["failure"] for reply in replies] == [
                {"kind": "reset", "detail": "connection reset by peer"}
            ] * 3
            assert calls == 3

    run(test())


def test_close_before_the_reply_is_closed_and_sent_once_only():
    async def test():
        calls = 0

        async def hang_up(_reader, _writer):
            nonlocal calls
            calls += 1

        async with running_probe() as probe, raw_peer(hang_up) as url:
            (reply,) = await probe.replies(url=url)
            assert reply["failure"] == {"kind": "closed", "detail": "connection closed before the reply"}
            assert calls == 1

    run(test())


@pytest.mark.parametrize(
    ("head", "end", "kind"),
    [
        (b"content-length: 10\r\n\r\nhalf", None, "closed"),
        (b"transfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n", None, "closed"),
        (b"transfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n", reset, "reset"),
    ],
)
def test_end_within_the_reply_keeps_its_status(head, end, kind):
    async def test():
        async def half(reader, writer):
            writer.write(b"HTTP/1.1 200 OK\r\nx-a: 1\r\n" + head)
            await writer.drain()
            if end:
                await asyncio.sleep(0.05)
                await end(reader, writer)

        async with running_probe() as probe, raw_peer(half) as url:
            (reply,) = await probe.replies(url=url)
            assert reply["status"] == 200
            assert reply["headers"]["x-a"] == "1"
            assert reply["failure"]["kind"] == kind

    run(test())


def test_slow_reply_is_a_timeout():
    async def test():
        async with running_probe() as probe:
            (reply,) = await probe.replies(url=f"{probe.url}/?delay=1", timeout=0.1)
            assert reply["failure"] == {"kind": "timeout", "detail": "no answer within 0.1 s"}
            assert 0.09 < reply["seconds"] < 1

    run(test())


def test_unknown_host_is_dns():
    async def test():
        async with running_probe() as probe:
            (reply,) = await probe.replies(url="http://no-such-host.invalid/")
            assert reply["failure"]["kind"] == "dns"
            assert reply["failure"]["detail"].startswith("no-such-host.invalid: ")

    run(test())


def test_reply_that_is_not_http_is_other():
    async def test():
        async def chatter(_reader, writer):
            writer.write(b"220 mail.example ESMTP\r\n")
            await writer.drain()

        async with running_probe() as probe, raw_peer(chatter) as url:
            (reply,) = await probe.replies(url=url)
            assert reply["failure"]["kind"] == "other"

    run(test())


def test_tls_and_unreachable_errors_have_their_kinds():
    assert failure_of(ssl.SSLError(1, "tlsv1 alert unknown ca"), 5).kind == "tls"
    unreachable = failure_of(ClientConnectorError(None, OSError(113, "x")), 5)
    assert (unreachable.kind, unreachable.detail) == ("other", "no route to host")
    assert failure_of(TimeoutError(110, "x"), 5).detail == "connection timed out"


def test_deadline_returns_what_is_there_marked_partial():
    async def test():
        async with running_probe() as probe:
            status, answer = await probe.send(
                url=f"{probe.url}/?delay=0.1", count=100, deadline=0.35, body_limit=0
            )
            assert status == 200
            assert answer["partial"] is True
            assert 1 <= len(answer["replies"]) <= 3

    run(test())


def test_stopped_probe_returns_what_is_there_marked_partial():
    async def test():
        async with running_probe() as probe:
            sending = asyncio.create_task(probe.send(url=f"{probe.url}/?delay=0.1", count=100, body_limit=0))
            await asyncio.sleep(0.25)
            probe.stop.set()
            status, answer = await sending
            assert status == 200
            assert answer["partial"] is True
            assert 1 <= len(answer["replies"]) <= 2

    run(test())


def test_cancelled_batch_stops_sending():
    async def test():
        calls = 0

        async def answer_slowly(_reader, writer):
            nonlocal calls
            calls += 1
            await asyncio.sleep(0.05)
            writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")

        async with raw_peer(answer_slowly) as url:
            batch = parse_batch(json.dumps({"url": url, "count": 100, "body_limit": 0}).encode())
            sending = asyncio.create_task(run_batch(batch, asyncio.Event()))
            await asyncio.sleep(0.12)
            sending.cancel()
            with pytest.raises(asyncio.CancelledError):
                await sending
            before = calls
            await asyncio.sleep(0.12)
            assert 1 <= before == calls

    run(test())
