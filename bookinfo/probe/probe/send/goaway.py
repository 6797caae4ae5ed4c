"""GOAWAY frames, taken out of what a peer sends before h2 sees them.

h2 treats any GOAWAY as the end of the connection and refuses every frame behind it; yet a server that drains
says GOAWAY first and then answers what it has accepted.
"""

import struct
from collections.abc import Callable

import h2.errors

_HEAD, _GOAWAY, _LEAST = 9, 7, 8
"""Of a frame: bytes before its payload; of GOAWAY: its type, and the bytes that its payload has at least."""


def code_name(code: int) -> str:
    """Return the name of an HTTP/2 error code."""
    try:
        return str(h2.errors.ErrorCodes(code).name)
    except ValueError:
        return hex(code)


class GoawayFilter:
    """Cuts what comes into frames, keeps those that are incomplete, and lets all but GOAWAY through.

    Args:
        take: is told of each GOAWAY: the number of the last stream that the peer takes on, and what it said.
    """

    def __init__(self, take: Callable[[int, str], None]) -> None:
        self._take = take
        self._held = b""

    def rest(self, data: bytes, largest: int) -> bytes:
        """Return what came, as far as it is complete, without its GOAWAY frames.

        Args:
            data: as it came.
            largest: bytes of a payload that this side allows.

        Raises:
            ValueError: a GOAWAY frame is too short.
        """
        data = self._held + data if self._held else data
        kept = []
        start = position = 0
        while position + _HEAD <= len(data):
            size = int.from_bytes(data[position : position + 3])
            end = position + _HEAD + size
            if size > largest:
                return data  # no frame at all: h2 says so
            if end > len(data):
                break
            if data[position + 3] == _GOAWAY:
                kept.append(data[start:position])
                self._tell(data[position + _HEAD : end])
                start = end
            position = end
        self._held = data[position:]
        kept.append(data[start:position])
        return b"".join(kept)

    def _tell(self, payload: bytes) -> None:
        if len(payload) < _LEAST:
            raise ValueError("GOAWAY frame is too short")
        last, code = struct.unpack(">LL", payload[:_LEAST])
        said = payload[_LEAST:].decode("utf-8", "replace")
        self._take(last & 0x7FFFFFFF, f"GOAWAY {code_name(code)}" + (f": {said}" if said else ""))
