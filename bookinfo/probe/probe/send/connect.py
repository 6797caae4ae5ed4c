"""Connections for the protocols that need nothing but bytes: name looked up, TCP, TLS."""

import asyncio
import socket
import time
from collections.abc import Callable
from typing import TypeVar

from probe.batch import Batch
from probe.failures import CallFailedError, Failure

LOOKED_UP_FOR = 10.0
"""Seconds that addresses are kept: thousands of new connections are not thousands of look-ups."""

P = TypeVar("P", bound=asyncio.BaseProtocol)
Address = tuple[socket.AddressFamily, tuple[str, int]]


class Connector:
    """Opens connections to the place that a batch names."""

    def __init__(self, batch: Batch) -> None:
        self._batch = batch
        self._addresses: list[Address] = []
        self._until = 0.0
        self._looking = asyncio.Lock()

    async def open(self, protocol: Callable[[], P]) -> P:
        """Open one connection and return its protocol; TLS is done, as far as this side can tell.

        Raises:
            OSError: from the system or OpenSSL; of several addresses, the last one's.
            CallFailedError: the name has no address.
        """
        loop = asyncio.get_running_loop()
        sock = await self._connected(loop)
        try:
            _, opened = await loop.create_connection(
                protocol,
                sock=sock,
                ssl=self._batch.tls,
                server_hostname=self._batch.server_name if self._batch.tls else None,
            )
        except BaseException:
            sock.close()
            raise
        return opened

    async def _connected(self, loop: asyncio.AbstractEventLoop) -> socket.socket:
        failed: OSError | None = None
        for family, address in await self.addresses():
            sock = socket.socket(family, socket.SOCK_STREAM)
            sock.setblocking(False)  # noqa: FBT003 - the only argument
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                await loop.sock_connect(sock, address)
            except OSError as error:
                sock.close()
                failed = error
            except BaseException:
                sock.close()
                raise
            else:
                return sock
        raise failed or OSError("no address")

    async def addresses(self) -> list[Address]:
        """Look up where the batch's connections go.

        Raises:
            CallFailedError: the name has no address.
        """
        host, port = self._batch.url.host or "", self._batch.url.port
        async with self._looking:
            if time.monotonic() >= self._until:
                loop = asyncio.get_running_loop()
                try:
                    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
                except socket.gaierror as error:
                    raise CallFailedError(Failure("dns", f"{host}: {error.strerror or error}")) from error
                self._addresses = [(family, address) for family, _, _, _, address in found]
                self._until = time.monotonic() + LOOKED_UP_FOR
        return self._addresses
