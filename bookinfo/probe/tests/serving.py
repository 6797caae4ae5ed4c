"""The serving side alone, on free ports, and ways to talk to it."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import ConnectionTerminated, DataReceived, Event, ResponseReceived, StreamEnded, StreamReset
from hyperframe.frame import Frame, GoAwayFrame

from probe.identity import Identity
from probe.seen import Seen
from probe.serve.certificates import self_signed
from probe.serve.servers import Ports, serving
from probe.serve.tls import Material

IDENTITY = Identity(pod="probe-a-5d6f-x2k9p", workload="probe-a", version="v1")
SERVED_BY = {"pod": IDENTITY.pod, "workload": "probe-a", "version": "v1"}
FREE = Ports(0, 0, 0, 0, 0, 0, 0)
MATERIAL = Material(*self_signed(("probe-a", "localhost")))


@asynccontextmanager
async def served(material: Material = MATERIAL, seen: Seen | None = None) -> AsyncIterator[Ports]:
    async with serving(IDENTITY, seen or Seen(), FREE, material) as ports:
        yield ports


def client_context(*alpn: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if alpn:
        context.set_alpn_protocols(list(alpn))
    return context


class Line:
    """A TCP connection on which a line is said and a line is heard."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def say(self, text: str) -> None:
        self.writer.write(text.encode() + b"\n")
        await self.writer.drain()

    async def hear(self) -> Any:
        return json.loads(await self.reader.readuntil())

    async def ask(self, text: str) -> Any:
        await self.say(text)
        return await self.hear()


@asynccontextmanager
async def line_to(
    port: int, context: ssl.SSLContext | None = None, name: str | None = None
) -> AsyncIterator[Line]:
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", port, ssl=context, server_hostname=name, limit=1 << 24
    )
    try:
        yield Line(reader, writer)
    finally:
        writer.transport.abort()


class Frames(H2Connection):
    """The library's client, except that it lets calls finish after a goodbye, as a proxy does."""

    def _receive_goaway_frame(self, frame: GoAwayFrame) -> tuple[list[Frame], list[Event]]:
        said = ConnectionTerminated()
        said.error_code, said.last_stream_id = ErrorCodes(frame.error_code), frame.last_stream_id
        return [], [said]


class Http2Client:
    """An HTTP/2 connection seen frame by frame; a stream's events, until it ends."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.h2 = Frames(H2Configuration(client_side=True, header_encoding="utf-8"))
        self.h2.initiate_connection()
        self.events: list[Event] = []

    async def flush(self) -> None:
        if data := self.h2.data_to_send():
            self.writer.write(data)
            await self.writer.drain()

    async def send(self, path: str, *, method: str = "GET", body: bytes = b"", **headers: str) -> int:
        """Start a call; return its stream."""
        stream = self.h2.get_next_available_stream_id()
        head = {":method": method, ":scheme": "http", ":authority": "shop.example", ":path": path}
        self.h2.send_headers(stream, list((head | headers).items()), end_stream=not body)
        await self.flush()
        while body:
            room = min(self.h2.local_flow_control_window(stream), self.h2.max_outbound_frame_size)
            if room:
                self.h2.send_data(stream, body[:room], end_stream=room >= len(body))
                body = body[room:]
                await self.flush()
            else:
                await self.receive()
        return stream

    async def receive(self) -> bool:
        """Take in what comes next; False at the connection's end."""
        data = await self.reader.read(1 << 16)
        for event in self.h2.receive_data(data):
            self.events.append(event)
            if isinstance(event, DataReceived):
                self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        await self.flush()
        return bool(data)

    async def ended(self, stream: int) -> list[Event]:
        """The events of a stream, up to its end or that of the connection."""
        while True:
            events = [event for event in self.events if getattr(event, "stream_id", None) == stream]
            if any(isinstance(event, StreamEnded | StreamReset) for event in events):
                return events
            if not await self.receive():
                return events

    async def call(self, path: str, **call: Any) -> tuple[dict[str, str], bytes]:
        """One call; its headers and body."""
        events = await self.ended(await self.send(path, **call))
        headers = next(dict(event.headers) for event in events if isinstance(event, ResponseReceived))
        return headers, b"".join(event.data for event in events if isinstance(event, DataReceived))


@asynccontextmanager
async def http2_to(port: int, context: ssl.SSLContext | None = None) -> AsyncIterator[Http2Client]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    try:
        yield Http2Client(reader, writer)
    finally:
        writer.transport.abort()


async def raw_http(
    port: int, query: str, *, method: str = "GET", context: ssl.SSLContext | None = None
) -> bytes:
    """One HTTP/1.1 call without a client library; what came before the end of the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    writer.write(f"{method} /?{query} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    try:
        return await reader.read()
    finally:
        writer.close()
