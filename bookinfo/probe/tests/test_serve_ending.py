"""The end: what is in flight finishes, what is idle is closed, and nothing holds the probe for longer."""

import asyncio
import json
import time
from contextlib import AsyncExitStack
from dataclasses import replace

import aiohttp
import grpc
import pytest
from h2.errors import ErrorCodes
from h2.events import ConnectionTerminated, StreamEnded, StreamReset

from probe.seen import Seen
from probe.serve import servers
from probe.wire.probe_pb2 import EchoRequest
from probe.wire.probe_pb2_grpc import ProbeStub
from tests.peers import run
from tests.serving import FREE, IDENTITY, MATERIAL, client_context, http2_to, line_to, raw_http

DELAY = 0.3


async def http(ports, _stack):
    return b"200 OK" in await raw_http(ports.http, f"delay={DELAY}")


async def https(ports, _stack):
    return b"200 OK" in await raw_http(ports.https, f"delay={DELAY}", context=client_context())


async def streamed(ports, _stack):
    return (await raw_http(ports.http, f"chunks=3&interval={DELAY / 2}")).endswith(b"0\r\n\r\n")


async def http2(ports, stack):
    client = await stack.enter_async_context(http2_to(ports.http2))
    return (await client.call(f"/?delay={DELAY}"))[0][":status"] == "200"


async def rpc(ports, stack):
    channel = await stack.enter_async_context(grpc.aio.insecure_channel(f"127.0.0.1:{ports.grpc}"))
    return bool((await ProbeStub(channel).Echo(EchoRequest(instructions=f"delay={DELAY}"))).json)


async def tcp(ports, stack):
    line = await stack.enter_async_context(line_to(ports.tcp))
    return (await line.ask(f"?delay={DELAY} x"))["body"] == "x"


async def tls(ports, stack):
    line = await stack.enter_async_context(line_to(ports.tls, client_context()))
    return (await line.ask(f"?delay={DELAY} x"))["body"] == "x"


async def websocket(ports, stack):
    client = await stack.enter_async_context(aiohttp.ClientSession())
    socket = await client.ws_connect(f"ws://127.0.0.1:{ports.http}/?chunks=2&interval={DELAY}")
    await socket.send_str("x")
    assert (await socket.receive_json())["chunk"] == 0
    assert (await socket.receive_json())["chunk"] == 1
    message = await socket.receive()
    return message.data == aiohttp.WSCloseCode.GOING_AWAY


@pytest.mark.parametrize("call", [http, https, streamed, http2, rpc, tcp, tls, websocket])
def test_call_in_flight_is_answered(call):
    async def test():
        async with AsyncExitStack() as stack:
            one = servers.Servers(IDENTITY, Seen(), MATERIAL)
            ports = await one.start(FREE)
            calling = asyncio.create_task(call(ports, stack))
            await asyncio.sleep(DELAY / 2)
            started = time.monotonic()
            await one.stop()
            assert time.monotonic() - started < servers.PATIENCE
            assert await calling

    run(test())


def test_idle_connections_are_closed_at_once():
    async def test():
        one = servers.Servers(IDENTITY, Seen(), MATERIAL)
        ports = await one.start(FREE)
        async with (
            line_to(ports.tcp) as line,
            line_to(ports.tls, client_context()) as tls_line,
            http2_to(ports.http2) as client,
            aiohttp.ClientSession() as session,
        ):
            await line.ask("x")
            await tls_line.ask("x")
            await client.call("/")
            async with session.get(f"http://127.0.0.1:{ports.http}/"):
                pass
            socket = await session.ws_connect(f"ws://127.0.0.1:{ports.http}/")
            # A WebSocket ends when its peer has said goodbye, too.
            goodbye = asyncio.create_task(socket.receive())
            started = time.monotonic()
            await one.stop()
            assert time.monotonic() - started < servers.PATIENCE
            assert await line.reader.read() == b""
            assert await tls_line.reader.read() == b""
            assert (await goodbye).data == aiohttp.WSCloseCode.GOING_AWAY
            while await client.receive():
                pass
            (event,) = (event for event in client.events if isinstance(event, ConnectionTerminated))
            assert event.error_code is ErrorCodes.NO_ERROR

    run(test())


def test_http2_call_after_the_goodbye_is_refused_for_another_try():
    async def test():
        one = servers.Servers(IDENTITY, Seen(), MATERIAL)
        ports = await one.start(FREE)
        async with http2_to(ports.http2) as client:
            in_flight = await client.send(f"/?delay={DELAY}")
            await asyncio.sleep(DELAY / 3)
            stopping = asyncio.create_task(one.stop())
            await asyncio.sleep(DELAY / 3)
            late = await client.send("/")
            (event,) = await client.ended(late)
            assert isinstance(event, StreamReset)
            assert event.error_code is ErrorCodes.REFUSED_STREAM
            events = await client.ended(in_flight)
            assert isinstance(events[-1], StreamEnded)
            await stopping

    run(test())


@pytest.mark.parametrize("port", ["http2", "https"])
def test_connection_that_was_cut_ends_with_what_still_waits_on_it(port):
    async def test():
        one = servers.Servers(IDENTITY, Seen(), MATERIAL)
        ports = await one.start(FREE)
        context = client_context("h2") if port == "https" else None
        async with http2_to(getattr(ports, port), context) as client:
            waiting = await client.send("/?delay=30")
            await client.ended(await client.send("/?close=1"))
            started = time.monotonic()
            await one.stop()
            assert time.monotonic() - started < servers.PATIENCE
            assert await client.ended(waiting) == []

    run(test())


def test_call_that_takes_too_long_is_given_up(monkeypatch):
    monkeypatch.setattr(servers, "PATIENCE", 0.2)

    async def test():
        one = servers.Servers(IDENTITY, Seen(), MATERIAL)
        ports = await one.start(FREE)
        async with line_to(ports.tcp) as line, http2_to(ports.http2) as client:
            calls = [
                asyncio.create_task(raw_http(ports.http, "delay=30")),
                asyncio.create_task(line.ask("?delay=30")),
            ]
            stream = await client.send("/?delay=30")
            await asyncio.sleep(0.05)
            started = time.monotonic()
            await one.stop()
            assert 0.15 < time.monotonic() - started < 10
            assert await calls[0] == b""
            with pytest.raises(asyncio.IncompleteReadError):
                await calls[1]
            assert await client.ended(stream) == []

    run(test())


def test_nothing_is_accepted_any_more():
    async def test():
        one = servers.Servers(IDENTITY, Seen(), MATERIAL)
        ports = await one.start(FREE)
        async with line_to(ports.tcp) as line:
            assert json.dumps(await line.ask("x"))
        await one.stop()
        for field in ports.__slots__:
            with pytest.raises(ConnectionRefusedError):
                await asyncio.open_connection("127.0.0.1", getattr(ports, field))

    run(test())


def test_port_that_is_taken_is_an_error():
    async def test():
        first = servers.Servers(IDENTITY, Seen(), MATERIAL)
        ports = await first.start(FREE)
        second = servers.Servers(IDENTITY, Seen(), MATERIAL)
        for field in ("http", "grpc"):
            with pytest.raises(OSError, match=r"in use|bind"):
                await second.start(replace(FREE, **{field: getattr(ports, field)}))
            await second.stop()
        await first.stop()

    run(test())
