"""A probe to call, raw peers that misbehave, and a batch to send them."""

import asyncio
import json
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import uvloop
from aiohttp import web

from probe.control import control_runner
from probe.echo import echo_runner
from probe.identity import Identity
from probe.listen import listening_socket

IDENTITY = Identity(pod="probe-a-5d6f-x2k9p", workload="probe-a", version="v1")


@dataclass
class Running:
    """A probe with both its ports open, and a client of its control port."""

    url: str
    control: str
    stop: asyncio.Event
    client: aiohttp.ClientSession

    async def send(self, **batch: Any) -> tuple[int, Any]:
        async with self.client.post(f"{self.control}/send", data=json.dumps(batch)) as response:
            return response.status, await response.json()

    async def replies(self, **batch: Any) -> list[dict[str, Any]]:
        status, answer = await self.send(**batch)
        assert status == 200, answer
        assert answer["partial"] is False
        return answer["replies"]


@asynccontextmanager
async def running_probe() -> AsyncIterator[Running]:
    stop = asyncio.Event()
    echo, control = echo_runner(IDENTITY), control_runner(IDENTITY, stop)
    ports = []
    try:
        for runner in (echo, control):
            await runner.setup()
            sock = listening_socket(0)
            ports.append(sock.getsockname()[1])
            await web.SockSite(runner, sock).start()
        async with aiohttp.ClientSession() as client:
            yield Running(f"http://127.0.0.1:{ports[0]}", f"http://127.0.0.1:{ports[1]}", stop, client)
    finally:
        await control.cleanup()
        await echo.cleanup()


@asynccontextmanager
async def raw_peer(
    behave: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> AsyncIterator[str]:
    """A TCP server that reads the head of a request and then does as `behave` says."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            await behave(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    finally:
        server.close()


async def reset(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    # Lingering for zero seconds makes the close a reset.
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def run(test: Awaitable[None]) -> None:
    """Run a test on the loop that the probe uses."""
    uvloop.run(test)
