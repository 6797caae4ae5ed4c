"""What a call is spoken in, and how its TLS is set."""

from dataclasses import dataclass, field
from enum import StrEnum


class Protocol(StrEnum):
    """What a probe speaks. Whether there is TLS around it says the URL's scheme."""

    HTTP = "http"  # HTTP/1.1; http:// or https://
    HTTP2 = "http2"  # by prior knowledge on http://, by ALPN on https://
    HTTP3 = "http3"  # over UDP from the first byte; https:// alone
    GRPC = "grpc"  # grpc:// or grpcs://
    WEBSOCKET = "websocket"  # ws:// or wss://
    TCP = "tcp"  # tcp:// or tls://


@dataclass(frozen=True, slots=True)
class ClientCertificate:
    """What the calling side shows of itself, both parts as PEM; the key is never printed."""

    certificate: str = field(repr=False)
    key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Tls:
    """How the calling side does its TLS.

    Args:
        sni: the name that it asks for; None: the URL's host.
        ca: PEM of whom it trusts; None: it takes any certificate, because the call asks what is there.
        client: shown when the other side asks for one.
        alpn: protocols offered, the best first; empty: what goes with the call's protocol.
        version: the only one that it speaks, 1.2 or 1.3; None: either.
    """

    sni: str | None = None
    ca: str | None = field(default=None, repr=False)
    client: ClientCertificate | None = None
    alpn: tuple[str, ...] = ()
    version: str | None = None

    def words(self) -> tuple[str, ...]:
        """Return the settings as evidence shows them: what was chosen, and no secret."""
        chosen = {
            "sni": self.sni,
            "alpn": ", ".join(self.alpn) or None,
            "TLS": self.version,
            "trust": "a CA of its own" if self.ca is not None else None,
            "certificate": "of its own" if self.client is not None else None,
        }
        return tuple(f"{name}: {value}" for name, value in chosen.items() if value is not None)
