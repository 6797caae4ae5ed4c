"""TLS between a connection and the protocol that it carries.

The event loop's own TLS drops what OpenSSL wants to say about a handshake that it refuses: the caller would
see an end of the connection where a server says, for instance, alert 116, certificate required. Behaviours
tell those apart, so the handshake is done here.
"""

import asyncio
import ssl
from collections.abc import Callable
from contextlib import suppress
from typing import Any

HANDSHAKE = 10.0
"""Seconds that a caller has for its handshake."""

FAREWELL = 1.0
"""Seconds that a caller has to read the last that was said, before the connection is closed under it."""

_MOST_READ = 1 << 16


class TlsLayer(asyncio.Protocol):
    """The server's side of TLS on one connection.

    Args:
        context: certificate, ALPN and what is asked of clients.
        choose: gives the protocol that the connection carries, when the handshake is done.
    """

    _transport: asyncio.Transport

    def __init__(
        self, context: ssl.SSLContext, choose: Callable[[ssl.SSLObject], asyncio.BaseProtocol]
    ) -> None:
        self._choose = choose
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self.inner: Any = None
        self._timer: asyncio.TimerHandle | None = None
        self._ended = False
        self.closing = False

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for the handshake, though not for ever."""
        self._transport = transport  # type: ignore[assignment]
        self._timer = asyncio.get_running_loop().call_later(HANDSHAKE, self._transport.abort)

    def data_received(self, data: bytes) -> None:
        """Go on with the handshake, or hand on what was said."""
        if self.closing:
            return
        self._incoming.write(data)
        try:
            if self.inner is None:
                self._shake_hands()
            self._hand_on()
        except ssl.SSLWantReadError:
            self._flush()
        except ssl.SSLError:
            self._refuse()

    def eof_received(self) -> bool:
        """Hand on that nothing more comes; return whether something is still to be said."""
        if self.closing or self.inner is None:
            return False
        return self._end()

    def pause_writing(self) -> None:
        """Hand on that the peer does not read."""
        if self.inner is not None:
            self.inner.pause_writing()

    def resume_writing(self) -> None:
        """Hand on that the peer reads again."""
        if self.inner is not None:
            self.inner.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Hand on that it is over."""
        self.closing = True
        if self._timer:
            self._timer.cancel()
        if self.inner is not None:
            self.inner.connection_lost(exc)

    # What the transport of the inner protocol calls.

    def write(self, data: bytes) -> None:
        """Send in TLS."""
        if self.closing:
            return
        view = memoryview(data).cast("B")
        while view:
            view = view[self.tls.write(view) :]
        self._flush()

    def close(self) -> None:
        """Say goodbye in TLS, and end when all is sent."""
        if self.closing:
            return
        self.closing = True
        # The peer's own goodbye is not waited for.
        with suppress(ssl.SSLError):
            self.tls.unwrap()
        self._linger(self._transport.close)

    def abort(self) -> None:
        """End at once."""
        self.closing = True
        self._transport.abort()

    # The rest.

    def _shake_hands(self) -> None:
        self.tls.do_handshake()
        self._flush()
        if self._timer:
            self._timer.cancel()
        self.inner = self._choose(self.tls)
        self.inner.connection_made(_TlsTransport(self, self._transport))

    def _hand_on(self) -> None:
        while not self.closing and not self._ended:
            data = self.tls.read(_MOST_READ)
            if data:
                self.inner.data_received(data)
            elif not self._end():
                self.close()

    def _end(self) -> bool:
        if self._ended:
            return True
        self._ended = True
        return bool(self.inner.eof_received())

    def _refuse(self) -> None:
        """Send the alert, and end."""
        self.closing = True
        self._linger(self._transport.abort)

    def _linger(self, end: Callable[[], None]) -> None:
        """Send what is left and give it time to be read: closing on what is still unread would be a reset."""
        self._flush()
        if self._timer:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(FAREWELL, end)
        if not self._transport.is_closing():
            self._transport.write_eof()

    def _flush(self) -> None:
        data = self._outgoing.read()
        if data and not self._transport.is_closing():
            self._transport.write(data)


class _TlsTransport(asyncio.Transport):
    """What the inner protocol takes for its connection."""

    def __init__(self, layer: TlsLayer, below: asyncio.Transport) -> None:
        super().__init__({"ssl_object": layer.tls})
        self._layer = layer
        self._below = below

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return super().get_extra_info(name) or self._below.get_extra_info(name, default)

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self._layer.inner = protocol

    def get_protocol(self) -> asyncio.BaseProtocol:
        return self._layer.inner

    def is_closing(self) -> bool:
        return self._layer.closing or self._below.is_closing()

    def write(self, data: Any) -> None:
        self._layer.write(data)

    def can_write_eof(self) -> bool:
        return False

    def close(self) -> None:
        self._layer.close()

    def abort(self) -> None:
        self._layer.abort()

    def is_reading(self) -> bool:
        return self._below.is_reading()

    def pause_reading(self) -> None:
        self._below.pause_reading()

    def resume_reading(self) -> None:
        self._below.resume_reading()

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        self._below.set_write_buffer_limits(high, low)

    def get_write_buffer_size(self) -> int:
        return self._below.get_write_buffer_size()

    def get_write_buffer_limits(self) -> tuple[int, int]:
        return self._below.get_write_buffer_limits()
