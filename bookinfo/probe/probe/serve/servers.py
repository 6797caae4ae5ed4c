"""All that the probe serves, started and ended together."""

import asyncio
import os
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, fields

from aiohttp import web

from probe.identity import Identity
from probe.listen import listening_socket
from probe.seen import Seen
from probe.serve.echo import Echo
from probe.serve.http1 import http1_server
from probe.serve.http2 import Http2
from probe.serve.rpc import Grpc
from probe.serve.tcp import Lines
from probe.serve.tls import Material, server_context
from probe.serve.tls_layer import TlsLayer
from probe.serve.websocket import Conversations

PATIENCE = 5.0
"""Seconds in which what is in flight may finish when the probe is to end."""

HTTP_ALPN = ("h2", "http/1.1")
TLS_ALPN = ("echo", "h2", "http/1.1")
"""What raw TLS agrees to, the first that the caller offers: it echoes lines, whatever that is called."""


@dataclass(frozen=True, slots=True)
class Ports:
    """Where each protocol is served; 0 takes a free port."""

    http: int = 8080
    http2: int = 8081
    grpc: int = 8082
    tcp: int = 8083
    tcp_first: int = 8084
    https: int = 8443
    tls: int = 8444

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Ports":
        """Read HTTP_PORT, HTTP2_PORT, …: each field's name in capitals, with _PORT."""
        named = {field.name: environment.get(f"{field.name.upper()}_PORT") for field in fields(cls)}
        return cls(**{name: int(port) for name, port in named.items() if port})


class Servers:
    """Every protocol's server.

    Args:
        identity: who this probe is.
        seen: where calls with a key are counted.
        material: the certificate for HTTPS and TLS.
    """

    def __init__(self, identity: Identity, seen: Seen, material: Material) -> None:
        echo = Echo(identity, seen)
        self._material = material
        self._conversations = Conversations(echo)
        self._http1 = http1_server(echo, self._conversations)
        # The bound is in _end_http1: the runner would wait for so long twice.
        self._runner = web.ServerRunner(self._http1, shutdown_timeout=2 * PATIENCE)
        self._http2 = Http2(echo)
        self._grpc = Grpc(echo)
        self._tcp, self._tcp_first, self._tls = Lines(echo), Lines(echo, first=True), Lines(echo)
        self._listening: list[asyncio.Server] = []

    async def start(self, ports: Ports) -> Ports:
        """Listen; return the ports that were taken.

        Raises:
            OSError: a port is not to be had.
        """
        sockets = _listen(ports)
        await self._runner.setup()
        await web.SockSite(self._runner, sockets["http"]).start()
        loop = asyncio.get_running_loop()
        https = server_context(self._material, HTTP_ALPN)
        tls = server_context(self._material, TLS_ALPN)
        protocols: dict[str, Callable[[], asyncio.BaseProtocol]] = {
            "http2": self._http2,
            "tcp": self._tcp,
            "tcp_first": self._tcp_first,
            "https": lambda: TlsLayer(https, self._by_alpn),
            "tls": lambda: TlsLayer(tls, lambda _: self._tls()),
        }
        for name, protocol in protocols.items():
            self._listening.append(await loop.create_server(protocol, sock=sockets[name]))
        taken = {name: sock.getsockname()[1] for name, sock in sockets.items()}
        return Ports(grpc=await self._grpc.start(ports.grpc), **taken)

    async def stop(self) -> None:
        """Accept nothing more, give what is in flight PATIENCE to finish, and end."""
        for server in self._listening:
            server.close()
        await asyncio.gather(
            self._conversations.end(),
            self._end_http1(),
            self._http2.end(PATIENCE),
            self._grpc.stop(PATIENCE),
            self._tcp.end(PATIENCE),
            self._tcp_first.end(PATIENCE),
            self._tls.end(PATIENCE),
        )

    def _by_alpn(self, tls: ssl.SSLObject) -> asyncio.BaseProtocol:
        return self._http2() if tls.selected_alpn_protocol() == "h2" else self._http1()

    async def _end_http1(self) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                await self._runner.cleanup()
        except TimeoutError:
            for connection in self._http1.connections:
                connection.force_close()


def _listen(ports: Ports) -> dict[str, socket.socket]:
    """Return the sockets by the names of their ports, all or none; gRPC's library makes its own."""
    with ExitStack() as stack:
        sockets = {
            field.name: stack.enter_context(listening_socket(getattr(ports, field.name)))
            for field in fields(Ports)
            if field.name != "grpc"
        }
        stack.pop_all()
        return sockets


@asynccontextmanager
async def serving(identity: Identity, seen: Seen, ports: Ports, material: Material) -> AsyncIterator[Ports]:
    """Serve every protocol; give the ports that were taken."""
    servers = Servers(identity, seen, material)
    try:
        yield await servers.start(ports)
    finally:
        await servers.stop()
