"""What came of one call, ready for the wire."""

import json
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Failure:
    """How a call failed: kind is refused, reset, timeout, dns, tls, closed or other; detail is for people."""

    kind: str
    detail: str


def encode_reply(
    *,
    status: int | None,
    headers: Mapping[str, str],
    body: bytes | bytearray,
    seconds: float,
    failure: Failure | None,
) -> bytes:
    """Return one reply as JSON.

    Bytes, not objects: 20,000 replies are kept until their batch ends.
    """
    return json.dumps(
        {
            "status": status,
            "headers": headers,
            "body": body.decode("utf-8", "replace"),
            "seconds": round(seconds, 6),
            "failure": None if failure is None else {"kind": failure.kind, "detail": failure.detail},
        },
        ensure_ascii=False,
        separators=(",", ":"),
    ).encode("utf-8", "replace")
