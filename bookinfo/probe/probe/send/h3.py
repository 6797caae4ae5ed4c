"""One HTTP/3 connection as a client: QUIC over UDP, many exchanges at once, each with its own end.

On the library's state machines and a socket of our own: the library's client leaves its socket unconnected,
and a port at which nobody listens would be silence in place of a refusal.
"""

import asyncio
import logging
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from aioquic.h3.connection import ErrorCode, FrameType, H3Connection
from aioquic.h3.events import DataReceived, H3Event, HeadersReceived
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import NetworkAddress, QuicConnection
from aioquic.quic.events import ConnectionTerminated, HandshakeCompleted, QuicEvent, StreamReset
from aioquic.quic.packet import QuicErrorCode

from probe.failures import BEFORE_THE_REPLY, WITHIN_THE_REPLY, CallFailedError, Failure
from probe.quic_client import CRYPTO_ERRORS, OUR_DOUBTS, alert_name, describe_quic
from probe.send.connect import Connector
from probe.send.exchange import Exchange, Pairs, fail
from probe.send.pool import when_ready

logging.getLogger("quic").setLevel(logging.CRITICAL)  # what it would write for each call is in the reply

FINAL = 200
"""The lowest status of a reply that is not a word in between."""

IDLE = "Idle timeout"
"""The library's words."""


class _Quic(QuicConnection):
    """The library's connection, which here tells at once that it has ended, and who ended it.

    The library tells the first when late packets have had their time, and the second not at all.
    """

    ended: ConnectionTerminated | None = None
    by_peer = False

    def _close_begin(self, is_initiator: bool, now: float) -> None:  # noqa: FBT001 - the library's
        super()._close_begin(is_initiator, now)
        self.ended, self.by_peer = self._close_event, not is_initiator

    def _close_end(self) -> None:
        super()._close_end()
        self.ended = self._close_event


class _Http(H3Connection):
    """The library's HTTP/3, which here heeds a goodbye and leaves lengths to the reader.

    It takes the content-length of a reply to HEAD for a promise, and ends the connection over it.
    """

    goodbye = False

    def _check_control_frame_type(self, frame_type: int) -> None:
        super()._check_control_frame_type(frame_type)
        self.goodbye = self.goodbye or frame_type == FrameType.GOAWAY

    def _check_content_length(self, stream: object) -> None:
        """Let it be."""


def _code_name(code: int, *, of_http: bool) -> str:
    try:
        return (ErrorCode if of_http else QuicErrorCode)(code).name
    except ValueError:
        return hex(code)


def _ending(ended: ConnectionTerminated, *, by_peer: bool) -> Failure | None:
    """Return how a connection failed; None when it was closed in good order."""
    code, said = ended.error_code, ended.reason_phrase
    of_quic = ended.frame_type is not None
    alert = code - CRYPTO_ERRORS.start if of_quic and code in CRYPTO_ERRORS else None
    if by_peer:
        if alert is not None:
            return Failure("tls", f"alert {alert} ({alert_name(alert)}) from the peer", alert)
        refused = of_quic and code == QuicErrorCode.CONNECTION_REFUSED
        return Failure("refused", "connection refused by the peer") if refused else None
    if not of_quic and code == ErrorCode.H3_NO_ERROR:
        return None
    if alert is not None:
        doubted = "the server's certificate was not accepted: " if alert in OUR_DOUBTS else ""
        return Failure("tls", doubted + (said or alert_name(alert)))
    if said == IDLE:
        return Failure("timeout", "nothing came from the peer any more")
    return Failure("other", f"the peer does not keep to HTTP/3: {said or hex(code)}")


class Connection(asyncio.DatagramProtocol):
    """An HTTP/3 connection; `ready` ends when the peer's settings have come, `open` when it closes.

    Args:
        configuration: of QUIC.
        peer: whom the socket is connected to.
    """

    _transport: asyncio.DatagramTransport

    def __init__(self, configuration: QuicConfiguration, peer: NetworkAddress) -> None:
        self._quic = _Quic(configuration=configuration)
        self._http = _Http(self._quic)
        self._peer = peer
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._exchanges: dict[int, Exchange] = {}
        self._lost: Exception | None = None
        self.open = False
        self.ready: asyncio.Future[None] = self._loop.create_future()
        self.tls = b"null"

    # What the transport calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to speak."""
        self._transport = transport  # type: ignore[assignment]
        self.open = True
        self._quic.connect(self._peer, now=self._loop.time())
        self._advance()

    def datagram_received(self, data: bytes, _address: NetworkAddress) -> None:
        """Take what came."""
        if self.open:
            self._quic.receive_datagram(data, self._peer, now=self._loop.time())
            self._advance()

    def error_received(self, exc: OSError) -> None:
        """Take the word of the peer's host that nobody is there: a refusal, or a reset when there was."""
        there = self.ready.done()
        self._lose(Failure("reset", "nobody is at the peer's port any more") if there else exc)

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail what was not answered."""
        self._lose(exc or BEFORE_THE_REPLY)

    # What senders call.

    @property
    def usable(self) -> bool:
        """Whether a further exchange may begin here now; one beyond the peer's limit waits on its stream."""
        return self.open and not self._http.goodbye

    def close(self) -> None:
        """Say goodbye and close."""
        if self.open:
            self._quic.close(error_code=ErrorCode.H3_NO_ERROR)
            self._advance()

    @contextmanager
    def exchange(self, headers: Pairs, on_data: Callable[[bytes], None], *, end: bool) -> Iterator[Exchange]:
        """Begin an exchange; one that is left before its end is cancelled, and the peer told so.

        Args:
            headers: of the request, pseudo-headers first.
            on_data: takes each piece of the reply's body.
            end: whether the request has no body.
        """
        if self._lost is not None:
            raise self._lost
        number = self._quic.get_next_available_stream_id()
        exchange = Exchange(number, on_data, self._loop.create_future())
        self._exchanges[number] = exchange
        try:
            encoded = [(name.encode(), value.encode()) for name, value in headers]
            self._http.send_headers(number, encoded, end_stream=end)
            exchange.ended_here = end
            if end:
                self._advance()  # else with the body, in one write
            yield exchange
        finally:
            del self._exchanges[number]
            if self.open and not exchange.complete:
                self._cancel(number)
            if self._http.goodbye and not self._exchanges:
                self.close()

    async def send(self, exchange: Exchange, data: bytes, *, end: bool) -> None:
        """Send the request's body; QUIC keeps what the peer does not allow yet."""
        if not exchange.done.done():
            self._http.send_data(exchange.number, data, end_stream=end)
            exchange.ended_here = end
            self._advance()

    # What they have in common.

    def _advance(self) -> None:
        """Take what has happened, send what is due, and see to it that time passes."""
        while event := self._quic.next_event():
            self._take(event)
        now = self._loop.time()
        for data, _ in self._quic.datagrams_to_send(now=now):
            if self.open:
                self._transport.sendto(data)
        if self._quic.ended is not None:
            self._lose(_ending(self._quic.ended, by_peer=self._quic.by_peer))
        elif self.open:
            self._set_timer(self._quic.get_timer())

    def _set_timer(self, at: float | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None if at is None else self._loop.call_at(at, self._time_has_come, at)

    def _time_has_come(self, at: float) -> None:
        self._quic.handle_timer(now=max(at, self._loop.time()))
        self._advance()

    def _cancel(self, number: int) -> None:
        # A stream whose end has come both ways is not known any more.
        with suppress(ValueError):
            self._quic.reset_stream(number, ErrorCode.H3_REQUEST_CANCELLED)
            self._quic.stop_stream(number, ErrorCode.H3_REQUEST_CANCELLED)
        self._advance()

    def _take(self, event: QuicEvent) -> None:
        if isinstance(event, HandshakeCompleted):
            self.tls = describe_quic(self._quic, event.alpn_protocol)
        elif isinstance(event, StreamReset) and (exchange := self._exchanges.get(event.stream_id)):
            code = _code_name(event.error_code, of_http=True)
            exchange.fail(Failure("reset", f"stream reset by the peer ({code})"))
        for said in self._http.handle_event(event):
            self._take_said(said)
        if self._http.received_settings is not None and not self.ready.done():
            self.ready.set_result(None)

    def _take_said(self, said: H3Event) -> None:
        if not isinstance(said, HeadersReceived | DataReceived):
            return
        exchange = self._exchanges.get(said.stream_id)
        if exchange is None:
            return
        if isinstance(said, DataReceived):
            exchange.take_data(said.data)
        elif exchange.status is None or exchange.status < FINAL:
            exchange.take_head(said.headers)
        else:
            exchange.take_trailers(said.headers)
        if said.stream_ended:
            exchange.end()

    def _lose(self, why: Failure | Exception | None) -> None:
        if not self.open:
            return
        self.open = False
        self._set_timer(None)
        self._transport.close()
        for exchange in list(self._exchanges.values()):
            exchange.fail(why or self._closed(within=exchange.status is not None))
        before = why or self._closed(within=False)
        self._lost = CallFailedError(before) if isinstance(before, Failure) else before
        fail(self.ready, self._lost)

    def _closed(self, *, within: bool) -> Failure:
        failure, ended = WITHIN_THE_REPLY if within else BEFORE_THE_REPLY, self._quic.ended
        if ended is None:
            return failure
        code = _code_name(ended.error_code, of_http=ended.frame_type is None)
        said = f"{code}: {ended.reason_phrase}" if ended.reason_phrase else code
        return Failure("closed", f"{failure.detail} ({said})")


async def opened(connector: Connector, configuration: QuicConfiguration) -> Connection:
    """Open a connection and return it when exchanges may begin on it.

    Of several addresses, the first at which nobody refuses.
    """
    failed: OSError | None = None
    for family, address in await connector.addresses():
        try:
            return await _opened_at(family, address, configuration)
        except OSError as error:
            failed = error
    raise failed or OSError("no address")


async def _opened_at(
    family: socket.AddressFamily, address: NetworkAddress, configuration: QuicConfiguration
) -> Connection:
    loop = asyncio.get_running_loop()
    sock = socket.socket(family, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)  # noqa: FBT003 - the only argument
        sock.connect(address)
        _, connection = await loop.create_datagram_endpoint(
            lambda: Connection(configuration, address), sock=sock
        )
    except BaseException:
        sock.close()
        raise
    return await when_ready(connection)
