"""HTTP/2, with prior knowledge or by ALPN: any path is answered with what was seen.

On the h2 library, not behind an ASGI server: an application of ASGI can neither reset its stream nor end the
connection, and the probe must do both when it is told to. It also lets one port speak HTTP/2 or HTTP/1.1,
whichever a client asks for by ALPN.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from h2.config import H2Configuration
from h2.errors import ErrorCodes
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    Event,
    RemoteSettingsChanged,
    RequestReceived,
    StreamEnded,
    StreamReset,
    WindowUpdated,
)
from h2.exceptions import ProtocolError
from h2.settings import SettingCodes, Settings
from hyperframe.frame import GoAwayFrame

from probe.frames import Frames
from probe.headers import joined
from probe.instructions import BODILESS, HTTP, BadInstructionError, Instructions
from probe.limits import LONGEST_BODY
from probe.serve.echo import IN_FLIGHT, Echo, connection_facts
from probe.serve.tls_layer import FAREWELL

_SETTINGS = {
    SettingCodes.MAX_CONCURRENT_STREAMS: 512,
    SettingCodes.INITIAL_WINDOW_SIZE: 1 << 20,
    SettingCodes.MAX_FRAME_SIZE: 1 << 14,
    SettingCodes.MAX_HEADER_LIST_SIZE: 1 << 16,
    SettingCodes.ENABLE_PUSH: 0,
}


@dataclass(eq=False, slots=True)
class _Stream:
    """One call: what came of it, and the task that answers it."""

    number: int
    headers: list[tuple[str, str]]
    body: bytearray = field(default_factory=bytearray)
    too_long: bool = False
    answering: asyncio.Task[None] | None = None
    moved: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when more may be sent than before."""


class Http2:
    """The HTTP/2 connections; called, it makes the protocol of a new one."""

    def __init__(self, echo: Echo) -> None:
        self.echo = echo
        self.open: set[_Connection] = set()

    def __call__(self) -> asyncio.Protocol:
        """Return the protocol of a new connection."""
        return _Connection(self)

    async def end(self, patience: float) -> None:
        """Let every connection finish its calls, at most so many seconds, and end it."""
        for connection in self.open:
            connection.drain()
        answering = [task for connection in self.open for task in connection.answering()]
        if answering:
            await asyncio.wait(answering, timeout=patience)
        for connection in list(self.open):
            connection.drop()


class _Connection(asyncio.Protocol):
    """One connection: frames in, events; events to answers; answers, frames out."""

    _transport: asyncio.Transport

    def __init__(self, server: Http2) -> None:
        self._server = server
        self._echo = server.echo
        # Names and values are bytes: a header that is no UTF-8 must not end the connection.
        self._frames = Frames(H2Configuration(client_side=False, header_encoding=None))
        self._frames.local_settings = Settings(client=False, initial_values=_SETTINGS)
        self._streams: dict[int, _Stream] = {}
        self._last = 0
        self._draining = False
        self._ended = False
        self._writable = asyncio.Event()
        self._writable.set()

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet: the settings come first."""
        self._transport = transport  # type: ignore[assignment]
        self._server.open.add(self)
        self._frames.initiate_connection()
        self._flush()

    def data_received(self, data: bytes) -> None:
        """Take in what came, and answer what is complete."""
        if self._ended:
            return
        try:
            events = self._frames.receive_data(data)
        except ProtocolError:
            # The library has put the reason in a GOAWAY, if this was HTTP/2 at all.
            self._flush()
            self._transport.close()
            return
        for event in events:
            self._on(event)
        self._flush()

    def pause_writing(self) -> None:
        """Stop sending: the peer does not read."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """Send on."""
        self._writable.set()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """Give up the calls that nobody waits for any more."""
        self._server.open.discard(self)
        self._writable.set()
        for task in self.answering():
            task.cancel()

    # What the server calls.

    def answering(self) -> list[asyncio.Task[None]]:
        """Return the tasks that answer calls."""
        return [stream.answering for stream in self._streams.values() if stream.answering]

    def drain(self) -> None:
        """Take no further call; the connection ends when the last one is answered."""
        self._draining = True
        # After a cut nothing can be written any more: what other streams wait for is lost.
        if not self._streams or self._ended:
            self.drop()
            return
        # Not the library's close_connection: after that it lets no stream finish.
        goodbye = GoAwayFrame(0, last_stream_id=self._last, error_code=ErrorCodes.NO_ERROR)
        self._transport.write(goodbye.serialize())

    def drop(self) -> None:
        """End the connection."""
        if not self._transport.is_closing():
            self._frames.close_connection(last_stream_id=self._last)
            self._flush()
            self._transport.close()

    # Events.

    def _on(self, event: Event) -> None:
        match event:
            case RequestReceived():
                self._open(event)
            case DataReceived():
                self._data(event)
            case StreamEnded():
                stream = self._streams.get(event.stream_id)
                if stream:
                    stream.answering = asyncio.get_running_loop().create_task(self._answer(stream))
            case StreamReset():
                stream = self._streams.pop(event.stream_id, None)
                if stream and stream.answering:
                    stream.answering.cancel()
            case WindowUpdated() | RemoteSettingsChanged():
                for stream in self._streams.values():
                    stream.moved.set()
            case ConnectionTerminated():
                # The library sends nothing more on a connection whose peer has said goodbye.
                self._transport.close()
            case _:
                pass

    def _open(self, event: RequestReceived) -> None:
        number = event.stream_id
        if self._draining:
            # Newer than the goodbye told: the peer may send it again elsewhere.
            self._frames.reset_stream(number, ErrorCodes.REFUSED_STREAM)
            return
        self._last = number
        headers = [
            (name.decode("ascii", "replace"), value.decode("utf-8", "surrogateescape"))
            for name, value in event.headers
        ]
        self._streams[number] = _Stream(number, headers)

    def _data(self, event: DataReceived) -> None:
        if event.flow_controlled_length:
            self._frames.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        stream = self._streams.get(event.stream_id)
        if stream is None:
            return
        stream.too_long = stream.too_long or len(stream.body) + len(event.data) > LONGEST_BODY
        if stream.too_long:
            stream.body.clear()
        else:
            stream.body += event.data

    # Answers.

    async def _answer(self, stream: _Stream) -> None:
        try:
            await self._obey(stream)
        finally:
            self._streams.pop(stream.number, None)
            self._flush()
            if self._draining and not self._streams:
                self.drop()

    async def _obey(self, stream: _Stream) -> None:
        pseudo = {name: value for name, value in stream.headers if name.startswith(":")}
        method = pseudo.get(":method", "")
        path, _, query = pseudo.get(":path", "").partition("?")
        if stream.too_long:
            text = self._echo.refusal(f"body: must be at most {LONGEST_BODY} bytes")
            await self._reply(stream, method, 413, text)
            return
        try:
            told, attempt = self._echo.take(query, HTTP)
        except BadInstructionError as error:
            await self._reply(stream, method, 400, self._echo.refusal(error))
            return
        saw = {
            "protocol": "http2",
            "method": method,
            "path": path,
            "query": query,
            "headers": _shown(stream.headers, pseudo),
            "body": stream.body.decode("utf-8", "replace"),
            **connection_facts(self._transport),
        }
        if told.delay:
            await asyncio.sleep(told.delay)
        if told.cut and told.after is None:
            self._cut(stream, told)
            return
        document = self._echo.document(saw, told, attempt)
        if told.streamed:
            await self._stream(stream, method, told, document)
        else:
            await self._reply(stream, method, told.status or 200, document)

    async def _reply(self, stream: _Stream, method: str, status: int, document: bytes) -> None:
        if method == "HEAD" or status in BODILESS:
            self._head(stream, status, {}, end=True)
            return
        self._head(stream, status, {"content-length": str(len(document))})
        await self._send(stream, document, end=True)

    async def _stream(self, stream: _Stream, method: str, told: Instructions, document: bytes) -> None:
        if method == "HEAD":
            self._head(stream, told.status or 200, {}, end=True)
            return
        self._head(stream, told.status or 200, {})
        last = (told.chunks or 1) - 1
        for number, piece in enumerate(told.pieces(document)):
            if number == told.after:
                break
            if number and told.interval:
                await asyncio.sleep(told.interval)
            await self._send(stream, piece, end=number == last and not told.cut)
        if told.cut:
            await asyncio.sleep(max(told.interval, IN_FLIGHT))
            self._cut(stream, told)

    def _cut(self, stream: _Stream, told: Instructions) -> None:
        if told.cut == "reset":
            self._frames.reset_stream(stream.number, ErrorCodes.INTERNAL_ERROR)
        else:
            self._hang_up()

    def _hang_up(self) -> None:
        """End the connection in order, but without a goodbye: its peer would repeat the call unasked.

        Closing on frames that are still unread would be a reset: the peer has time to end its side first.
        """
        self._ended = True
        if self._transport.can_write_eof():
            self._transport.write_eof()
            asyncio.get_running_loop().call_later(FAREWELL, self._transport.close)
        else:
            self._transport.close()

    def _head(self, stream: _Stream, status: int, more: Mapping[str, str], *, end: bool = False) -> None:
        headers = {":status": str(status), "content-type": "application/json", **more, **self._echo.headers}
        self._frames.send_headers(stream.number, list(headers.items()), end_stream=end)
        self._flush()

    async def _send(self, stream: _Stream, data: bytes, *, end: bool) -> None:
        """Send data as fast as the peer takes it."""
        start = 0
        while start < len(data):
            await self._writable.wait()
            stream.moved.clear()
            room = min(
                self._frames.local_flow_control_window(stream.number), self._frames.max_outbound_frame_size
            )
            if room <= 0:
                await stream.moved.wait()
                continue
            piece = data[start : start + room]
            start += len(piece)
            self._frames.send_data(stream.number, piece, end_stream=end and start == len(data))
            self._flush()

    def _flush(self) -> None:
        data = self._frames.data_to_send()
        if data and not self._ended and not self._transport.is_closing():
            self._transport.write(data)


def _shown(headers: list[tuple[str, str]], pseudo: Mapping[str, str]) -> dict[str, Any]:
    """Return the headers as HTTP/1.1 would show them: `:authority` is `host`; method and path have fields."""
    shown = joined((name, value) for name, value in headers if not name.startswith(":"))
    if ":authority" in pseudo:
        shown.setdefault("host", pseudo[":authority"])
    return shown
