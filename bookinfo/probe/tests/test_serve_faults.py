"""Faults as told, over HTTP/1.1 and HTTP/2, plain and in TLS: what a caller sees of them on the wire."""

import asyncio
import json
import time

import pytest
from h2.errors import ErrorCodes
from h2.events import ConnectionTerminated, DataReceived, ResponseReceived, StreamEnded, StreamReset

from probe.seen import Seen
from probe.serve import servers
from tests.peers import run
from tests.serving import SERVED_BY, client_context, http2_to, raw_http, served

HTTP1 = [pytest.param(name, id=name) for name in ("http", "https")]
HTTP2 = [pytest.param(name, id=name) for name in ("http2", "https")]


def context(port, *alpn):
    return client_context(*alpn) if port == "https" else None


@pytest.mark.parametrize("port", HTTP1)
@pytest.mark.parametrize("how", ["close=1", "key=a&fail_first=1&fail_with=close"])
def test_http1_close_ends_the_connection_before_the_reply(port, how):
    async def test():
        async with served() as ports:
            assert await raw_http(getattr(ports, port), how, context=context(port)) == b""

    run(test())


@pytest.mark.parametrize("port", HTTP1)
@pytest.mark.parametrize("how", ["reset=1", "reset=1&delay=0.1", "key=a&fail_first=1&fail_with=reset"])
def test_http1_reset_resets_the_connection_before_the_reply(port, how):
    async def test():
        async with served() as ports:
            with pytest.raises(ConnectionResetError):
                await raw_http(getattr(ports, port), how, context=context(port))

    run(test())


@pytest.mark.parametrize("port", HTTP1)
@pytest.mark.parametrize("after", [0, 1, 2, 4])
def test_http1_close_after_chunks_sends_those_and_no_end(port, after):
    async def test():
        async with served() as ports:
            reply = await raw_http(
                getattr(ports, port), f"chunks=4&close=1&after={after}&status=201", context=context(port)
            )
            head, _, body = reply.partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 201 ")
            # Of each chunk: its length, and itself.
            assert body.count(b"\r\n") == 2 * after
            assert not body.endswith(b"0\r\n\r\n")

    run(test())


@pytest.mark.parametrize("port", HTTP1)
def test_http1_reset_after_chunks_comes_when_they_have_arrived(port):
    async def test():
        async with served() as ports:
            reader, writer = await asyncio.open_connection(
                "127.0.0.1", getattr(ports, port), ssl=context(port)
            )
            writer.write(b"GET /?chunks=2&reset=1&after=1 HTTP/1.1\r\nHost: x\r\n\r\n")
            assert b"200 OK" in await reader.readuntil(b"\r\n\r\n")
            assert b"served_by" in await reader.readuntil(b"\r\n{") + await reader.readuntil(b"\r\n")
            with pytest.raises(ConnectionResetError):
                await reader.read()
            writer.close()

    run(test())


def test_http1_chunks_arrive_one_by_one_and_make_the_document():
    async def test():
        async with served() as ports:
            started = time.monotonic()
            reader, writer = await asyncio.open_connection("127.0.0.1", ports.http)
            writer.write(b"GET /?chunks=3&interval=0.1&size=50 HTTP/1.1\r\nHost: x\r\n\r\n")
            await reader.readuntil(b"\r\n\r\n")
            document, times = b"", []
            while length := int(await reader.readline(), 16):
                document += await reader.readexactly(length)
                times.append(time.monotonic() - started)
                await reader.readline()
            writer.close()
            assert json.loads(document)["padding"] == "x" * 50
            assert len(times) == 3
            assert times[1] > 0.09
            assert times[2] > 0.19

    run(test())


def test_http1_chunk_does_not_wait_for_the_next(monkeypatch):
    # The server need not wait for the end of a reply that nobody reads any more.
    monkeypatch.setattr(servers, "PATIENCE", 0.1)

    async def test():
        async with served() as ports, asyncio.timeout(10):
            reader, writer = await asyncio.open_connection("127.0.0.1", ports.http)
            writer.write(b"GET /?chunks=2&interval=60 HTTP/1.1\r\nHost: x\r\n\r\n")
            await reader.readuntil(b"\r\n\r\n")
            assert b"served_by" in await reader.readexactly(int(await reader.readline(), 16))
            writer.close()

    run(test())


def test_first_calls_of_a_key_fail_whatever_protocol_they_come_by():
    async def test():
        seen = Seen()
        async with served(seen=seen) as ports, http2_to(ports.http2) as client:
            told = "key=a%20key&fail_first=2&fail_with=429"
            assert (await raw_http(ports.http, told)).startswith(b"HTTP/1.1 429 ")
            head, body = await client.call(f"/?{told}")
            assert head[":status"] == "429"
            assert json.loads(body)["attempt"] == 2
            head, body = await client.call(f"/?{told}")
            assert head[":status"] == "200"
            assert json.loads(body)["attempt"] == 3
            assert seen.calls("a key").count == 3

    run(test())


def test_call_that_others_are_to_fail_is_answered_and_counted():
    async def test():
        seen = Seen()
        async with served(seen=seen) as ports, http2_to(ports.http2) as client:
            others = "status=500&key=a&only=backend-v1,backend-v2"
            assert (await raw_http(ports.http, others)).startswith(b"HTTP/1.1 200 ")
            head, _ = await client.call(f"/?{others},{SERVED_BY['workload']}")
            assert head[":status"] == "500"
            assert seen.calls("a").count == 2

    run(test())


def test_refused_call_is_not_counted():
    async def test():
        seen = Seen()
        async with served(seen=seen) as ports:
            await raw_http(ports.http, "key=a&delay=61")
            assert seen.calls("a").count == 0

    run(test())


@pytest.mark.parametrize("port", HTTP2)
@pytest.mark.parametrize("how", ["reset=1", "key=a&fail_first=1&fail_with=reset"])
def test_http2_reset_resets_the_stream_and_no_other(port, how):
    async def test():
        async with served() as ports, http2_to(getattr(ports, port), context(port, "h2")) as client:
            other = await client.send("/?delay=0.2")
            (event,) = await client.ended(await client.send(f"/?{how}"))
            assert isinstance(event, StreamReset)
            assert event.error_code is ErrorCodes.INTERNAL_ERROR
            assert any(isinstance(event, StreamEnded) for event in await client.ended(other))

    run(test())


@pytest.mark.parametrize("port", HTTP2)
def test_http2_close_ends_the_connection_without_a_goodbye(port):
    async def test():
        async with served() as ports, http2_to(getattr(ports, port), context(port, "h2")) as client:
            assert await client.ended(await client.send("/?close=1")) == []
            assert not any(isinstance(event, ConnectionTerminated) for event in client.events)

    run(test())


@pytest.mark.parametrize("port", HTTP2)
@pytest.mark.parametrize("after", [0, 1, 3])
def test_http2_reset_after_chunks_sends_those(port, after):
    async def test():
        async with served() as ports, http2_to(getattr(ports, port), context(port, "h2")) as client:
            events = await client.ended(await client.send(f"/?chunks=3&reset=1&after={after}"))
            assert sum(isinstance(event, DataReceived) for event in events) == after
            assert isinstance(events[0], ResponseReceived)
            assert isinstance(events[-1], StreamReset)

    run(test())


def test_http2_close_after_chunks_ends_the_connection_within_the_reply():
    async def test():
        async with served() as ports, http2_to(ports.http2) as client:
            events = await client.ended(await client.send("/?chunks=3&close=1&after=2"))
            assert [type(event) for event in events] == [ResponseReceived, DataReceived, DataReceived]

    run(test())
