"""One HTTP/2 connection as a client: many exchanges at once, each with its own end.

Built on h2 itself: what tells a reset stream from a closed connection, and the code that came with it, is
what behaviours are about, and clients above h2 keep it to themselves or try again.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import h2.config
import h2.errors
import h2.events
import h2.exceptions
import h2.settings

from probe.failures import BEFORE_THE_REPLY, WITHIN_THE_REPLY, CallFailedError, Failure
from probe.frames import Frames
from probe.send.connect import Connector
from probe.send.exchange import Exchange, Pairs, fail
from probe.send.goaway import GoawayFilter, code_name
from probe.send.pool import when_ready
from probe.tls_client import describe_tls

WINDOW = 1 << 20
"""Bytes that the peer may send ahead, on each stream and on the connection."""


async def first_of(waiting: Coroutine[Any, Any, Any], done: asyncio.Future[None]) -> None:
    """Return when either has ended; `done` is left as it is."""
    task = asyncio.create_task(waiting)
    try:
        await asyncio.wait((task, done), return_when=asyncio.FIRST_COMPLETED)
    finally:
        task.cancel()


class Connection(asyncio.Protocol):
    """An HTTP/2 connection; `ready` ends when the peer's settings have come, `open` when it closes.

    No request goes out before: it could exceed the number of streams that the peer allows, and in TLS 1.3
    a refused client certificate shows only after the handshake.
    """

    _transport: asyncio.Transport

    def __init__(self) -> None:
        self._h2 = Frames(
            h2.config.H2Configuration(client_side=True, header_encoding=None, validate_outbound_headers=False)
        )
        self._h2.local_settings = h2.settings.Settings(
            client=True,
            initial_values={
                h2.settings.SettingCodes.ENABLE_PUSH: 0,
                h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: WINDOW,
                h2.settings.SettingCodes.MAX_HEADER_LIST_SIZE: 256 << 10,
            },
        )
        self._loop = asyncio.get_running_loop()
        self._exchanges: dict[int, Exchange] = {}
        self._goaways = GoawayFilter(self._take_goaway)
        self._goaway: str | None = None
        self.open = False
        self._room = asyncio.Event()
        self.ready: asyncio.Future[None] = self._loop.create_future()
        self.tls = b"null"

    # What the transport calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to speak."""
        self._transport = transport  # type: ignore[assignment]
        self.open = True
        self.tls = describe_tls(transport.get_extra_info("ssl_object"))
        self._h2.initiate_connection()
        self._h2.increment_flow_control_window(WINDOW)
        self._flush()

    def data_received(self, data: bytes) -> None:
        """Take what came."""
        try:
            rest = self._goaways.rest(data, self._h2.max_inbound_frame_size)
            for event in self._h2.receive_data(rest):
                self._take(event)
        except (h2.exceptions.ProtocolError, ValueError) as error:
            self._flush()
            self._lose(Failure("other", f"the peer does not keep to HTTP/2: {error}"))
            self._transport.close()
            return
        self._flush()

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail what was not answered."""
        self._lose(exc)

    # What senders call.

    @property
    def usable(self) -> bool:
        """Whether a further exchange may begin here now."""
        return (
            self.open
            and self._goaway is None
            and len(self._exchanges) < self._h2.remote_settings.max_concurrent_streams
            and not self._transport.is_closing()
        )

    def close(self) -> None:
        """Say goodbye and close."""
        if self.open:
            self.open = False
            self._h2.close_connection()
            self._flush()
            self._transport.close()

    @contextmanager
    def exchange(self, headers: Pairs, on_data: Callable[[bytes], None], *, end: bool) -> Iterator[Exchange]:
        """Begin an exchange; one that is left before its end is cancelled, and the peer told so.

        Args:
            headers: of the request, pseudo-headers first.
            on_data: takes each piece of the reply's body.
            end: whether the request has no body.
        """
        if not self.open:
            raise CallFailedError(self._closed(within=False))
        number = self._h2.get_next_available_stream_id()
        exchange = Exchange(number, on_data, self._loop.create_future())
        self._exchanges[number] = exchange
        try:
            self._h2.send_headers(number, headers, end_stream=end)
            exchange.ended_here = end
            if end:
                self._flush()  # else with the body's first part, in one write
            yield exchange
        finally:
            del self._exchanges[number]
            if self.open and not exchange.complete:
                self._cancel(number)
            if self._goaway and not self._exchanges:
                self.close()

    async def send(self, exchange: Exchange, data: bytes, *, end: bool) -> None:
        """Send a part of the request's body as fast as the peer allows; stop when the exchange has ended."""
        view = memoryview(data)
        while not exchange.done.done():
            size = min(
                len(view),
                self._h2.local_flow_control_window(exchange.number),
                self._h2.max_outbound_frame_size,
            )
            if size or not view:
                last = size == len(view)
                self._h2.send_data(exchange.number, bytes(view[:size]), end_stream=end and last)
                exchange.ended_here = end and last
                self._flush()
                if last:
                    return
                view = view[size:]
            else:
                self._room.clear()
                await first_of(self._room.wait(), exchange.done)

    # What they have in common.

    def _flush(self) -> None:
        data = self._h2.data_to_send()
        if data and not self._transport.is_closing():
            self._transport.write(data)

    def _cancel(self, number: int) -> None:
        try:
            self._h2.reset_stream(number, h2.errors.ErrorCodes.CANCEL)
        except h2.exceptions.ProtocolError:
            return  # both sides had ended it
        self._flush()

    def _take_goaway(self, last: int, said: str) -> None:
        self._goaway = said
        for exchange in list(self._exchanges.values()):
            if exchange.number > last:
                exchange.fail(
                    Failure("closed", f"not taken on: the peer closes the connection ({self._goaway})")
                )
        if not self._exchanges:
            self.close()

    def _take(self, event: h2.events.Event) -> None:
        take = _TAKE.get(type(event))
        if take is not None:
            take(self, event)

    def _take_settings(self, _event: h2.events.Event) -> None:
        if not self.ready.done():
            self.ready.set_result(None)
        self._room.set()

    def _take_window(self, _event: h2.events.Event) -> None:
        self._room.set()

    def _take_response(self, event: h2.events.ResponseReceived) -> None:
        if exchange := self._exchanges.get(event.stream_id):
            exchange.take_head(event.headers)

    def _take_trailers(self, event: h2.events.TrailersReceived) -> None:
        if exchange := self._exchanges.get(event.stream_id):
            exchange.take_trailers(event.headers)

    def _take_data(self, event: h2.events.DataReceived) -> None:
        if exchange := self._exchanges.get(event.stream_id):
            exchange.take_data(event.data)
        self._h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)

    def _take_end(self, event: h2.events.StreamEnded) -> None:
        if exchange := self._exchanges.get(event.stream_id):
            exchange.end()

    def _take_reset(self, event: h2.events.StreamReset) -> None:
        if exchange := self._exchanges.get(event.stream_id):
            exchange.fail(Failure("reset", f"stream reset by the peer ({code_name(event.error_code)})"))

    def _lose(self, why: Failure | Exception | None) -> None:
        self.open = False
        for exchange in list(self._exchanges.values()):
            exchange.fail(why or self._closed(within=exchange.status is not None))
        fail(self.ready, why or self._closed(within=False))
        self._room.set()

    def _closed(self, *, within: bool) -> Failure:
        failure = WITHIN_THE_REPLY if within else BEFORE_THE_REPLY
        return Failure("closed", f"{failure.detail} ({self._goaway})") if self._goaway else failure


_TAKE: Mapping[type[h2.events.Event], Callable[[Connection, Any], None]] = {
    h2.events.RemoteSettingsChanged: Connection._take_settings,  # noqa: SLF001 - its own
    h2.events.WindowUpdated: Connection._take_window,  # noqa: SLF001
    h2.events.ResponseReceived: Connection._take_response,  # noqa: SLF001
    h2.events.TrailersReceived: Connection._take_trailers,  # noqa: SLF001
    h2.events.DataReceived: Connection._take_data,  # noqa: SLF001
    h2.events.StreamEnded: Connection._take_end,  # noqa: SLF001
    h2.events.StreamReset: Connection._take_reset,  # noqa: SLF001
}


async def opened(connector: Connector) -> Connection:
    """Open a connection and return it when exchanges may begin on it."""
    return await when_ready(await connector.open(Connection))
