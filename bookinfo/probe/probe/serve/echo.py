"""What every protocol's reply has in common: who answered, and what was seen."""

import asyncio
import json
import socket
import struct
from collections.abc import Mapping
from typing import Any

from probe.identity import Identity
from probe.instructions import Cut, Instructions, Medium, parse_instructions
from probe.seen import Seen
from probe.serve.tls import handshake

IN_FLIGHT = 0.05
"""Seconds that what was written has to arrive: a reset overtakes what still waits to be read."""


class Echo:
    """Answers calls, whatever carried them.

    Args:
        identity: who this probe is.
        seen: where calls with a key are counted.
    """

    def __init__(self, identity: Identity, seen: Seen) -> None:
        self.headers = identity.headers()
        self._seen = seen
        self._workload = identity.workload
        self._served_by = {
            "pod": identity.pod,
            "workload": identity.workload,
            "version": identity.version,
        }

    def take(self, query: str, medium: Medium) -> tuple[Instructions, int | None]:
        """Take a call on: count it, and return what is to happen to it and its number among its key's.

        Raises:
            BadInstructionError: the call asks for what cannot be done; it is not counted.
        """
        told = parse_instructions(query, medium).at(self._workload)
        if told.key is None:
            return told, None
        attempt = self._seen.arrived(told.key)
        return told.of_attempt(attempt), attempt

    def document(self, saw: Mapping[str, Any], told: Instructions, attempt: int | None, **more: Any) -> bytes:
        """Return the JSON of what was seen, in one line without its end."""
        document = {"served_by": self._served_by, **saw, **more}
        if attempt is not None:
            document["attempt"] = attempt
        if told.size:
            document["padding"] = "x" * told.size
        return json.dumps(document).encode()

    def refusal(self, error: Exception | str) -> bytes:
        """Return the JSON that says why a call is not obeyed."""
        return json.dumps({"error": str(error), "served_by": self._served_by}).encode()


def connection_facts(transport: asyncio.BaseTransport | None) -> dict[str, Any]:
    """Return `peer`, and what TLS showed: `tls`, `sni`, `alpn`, `client_certificate` (None without)."""
    if transport is None:
        return {"peer": "", **handshake(None)}
    return {
        "peer": peer_name(transport.get_extra_info("peername")),
        **handshake(transport.get_extra_info("ssl_object")),
    }


def peer_name(address: tuple[Any, ...] | None) -> str:
    """Return host:port of a peer; IPv4 as such, also when it came to a dual-stack socket."""
    if not address:
        return ""
    host, port = address[0].removeprefix("::ffff:"), address[1]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def cut_connection(transport: asyncio.Transport, cut: Cut) -> None:
    """End a connection: in order (FIN; in TLS after its own goodbye), or with a reset (RST)."""
    if cut == "close":
        transport.close()
        return
    # Lingering for zero seconds makes the close a reset.
    transport.get_extra_info("socket").setsockopt(
        socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
    )
    transport.abort()
