"""A server of HTTP/3 to call, for a script to play: the library's own, on a free port."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from aioquic.asyncio import QuicConnectionProtocol
from aioquic.asyncio.server import QuicServer
from aioquic.h3.connection import FrameType, H3Connection, encode_frame
from aioquic.h3.events import DataReceived, HeadersReceived
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.events import ConnectionTerminated, HandshakeCompleted, QuicEvent
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tests.peers import Issued


class Http3Peer(QuicConnectionProtocol):
    """The server's end of a connection."""

    play: Callable[["Http3Peer", int], None]

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.quic = self._quic
        self.http = H3Connection(self.quic)
        self.requests: dict[int, dict[str, str]] = {}
        self.bodies: dict[int, bytes] = {}
        self.events: list[QuicEvent] = []
        self.ended = asyncio.get_running_loop().create_future()

    def quic_event_received(self, event: QuicEvent) -> None:
        self.events.append(event)
        if isinstance(event, ConnectionTerminated):
            self.ended.set_result(event.error_code)
        if isinstance(event, HandshakeCompleted):
            self.play(self, -1)
        for said in self.http.handle_event(event):
            if isinstance(said, HeadersReceived):
                pairs = [(name.decode(), value.decode()) for name, value in said.headers]
                self.requests[said.stream_id], self.bodies[said.stream_id] = dict(pairs), b""
            elif isinstance(said, DataReceived):
                self.bodies[said.stream_id] += said.data
            if said.stream_ended:
                self.play(self, said.stream_id)
                self.transmit()

    def say_goodbye(self, last: int) -> None:
        """Send GOAWAY, which the library's server never does."""
        control = self.http._local_control_stream_id  # noqa: SLF001 - it is told nowhere else
        self.quic.send_stream_data(control, encode_frame(FrameType.GOAWAY, bytes([last])))
        self.transmit()

    def vanish(self) -> None:
        """Leave the port without a word."""
        self._transport.close()

    @property
    def shown(self) -> x509.Certificate | None:
        """The client's certificate."""
        return self.quic.tls._peer_certificate  # noqa: SLF001 - it is told nowhere else

    def answer(self, stream: int, body: bytes = b"", *, end: bool = True, **headers: str) -> None:
        pairs = [(b":status", b"200"), *((name.encode(), value.encode()) for name, value in headers.items())]
        self.http.send_headers(stream, pairs, end_stream=end and not body)
        if body:
            self.http.send_data(stream, body, end_stream=end)


def answer_all(peer: Http3Peer, stream: int) -> None:
    if stream >= 0:
        peer.answer(stream, b"hello")


def _ask_for_a_certificate(peer: Http3Peer) -> None:
    """Have the server ask the client for one, which the library does in its own tests alone."""
    begin = peer.quic._initialize  # noqa: SLF001 - there is no other way

    def begin_and_ask(*given: Any) -> None:
        begin(*given)
        peer.quic.tls._request_client_certificate = True  # noqa: SLF001

    peer.quic._initialize = begin_and_ask  # noqa: SLF001


@asynccontextmanager
async def http3_peer(
    issued: Issued,
    play: Callable[[Http3Peer, int], None] = answer_all,
    *,
    ask: bool = False,
    idle_timeout: float = 60.0,
) -> AsyncIterator[tuple[str, list[Http3Peer]]]:
    """Serve and give the URL, and the connections as they come.

    `play` is called when a connection is there (stream -1), and when a request is complete.
    """
    peers: list[Http3Peer] = []

    def made(*words: Any, **named: Any) -> Http3Peer:
        peer = Http3Peer(*words, **named)
        peer.play = play
        if ask:
            _ask_for_a_certificate(peer)
        peers.append(peer)
        return peer

    configuration = QuicConfiguration(is_client=False, alpn_protocols=["h3"], idle_timeout=idle_timeout)
    configuration.certificate = x509.load_pem_x509_certificate(issued.pem.encode())
    configuration.private_key = load_pem_private_key(issued.key_pem.encode(), None)
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(
        lambda: QuicServer(configuration=configuration, create_protocol=made), local_addr=("127.0.0.1", 0)
    )
    try:
        yield f"https://127.0.0.1:{transport.get_extra_info('sockname')[1]}/", peers
    finally:
        transport.close()
