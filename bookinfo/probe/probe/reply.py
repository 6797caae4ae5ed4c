"""What came of one call, ready for the wire."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from probe.failures import Failure
from probe.headers import joined

Encoded = tuple[bytes, bytes]
"""A reply as JSON in two pieces; the second one, about TLS, is shared by replies that are alike."""


@dataclass(slots=True)
class Reply:
    """What is known of one call; filled in as it comes.

    `at` is when it began (Unix seconds), `seconds` how long it took to the end of the reply or the failure.
    """

    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | bytearray = b""
    failure: Failure | None = None
    tls: bytes = b"null"
    at: float = 0.0
    seconds: float = 0.0

    def take_headers(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Add headers: names in lower case, repeated ones joined by a comma."""
        joined(pairs, self.headers)

    def take_served_by(self, text: bytes | str) -> None:
        """Take who answered from a reply's JSON, for protocols that have no headers."""
        if "served_by" not in text if isinstance(text, str) else b"served_by" not in text:
            return
        try:
            seen = json.loads(text)
        except ValueError:
            return
        served_by = seen.get("served_by") if isinstance(seen, dict) else None
        if isinstance(served_by, Mapping):
            for name, header in _SERVED_BY.items():
                if isinstance(served_by.get(name), str):
                    self.headers[header] = served_by[name]


_SERVED_BY = {"pod": "x-served-by", "workload": "x-served-workload", "version": "x-served-version"}


def keep(body: bytearray, limit: int) -> Callable[[bytes], None]:
    """Return what takes the pieces of a body and keeps no more than was asked for."""

    def take(data: bytes) -> None:
        if len(body) < limit:
            body.extend(data[: limit - len(body)])

    return take


def encode_reply(reply: Reply, keep_headers: frozenset[str] | None) -> Encoded:
    """Return one reply as JSON.

    Bytes, not objects: 20,000 replies are kept until their batch ends.
    """
    headers, failure = reply.headers, reply.failure
    if keep_headers is not None:
        headers = {name: value for name, value in headers.items() if name in keep_headers}
    document = {
        "status": reply.status,
        "headers": headers,
        "body": reply.body.decode("utf-8", "replace"),
        "at": round(reply.at, 6),
        "seconds": round(reply.seconds, 6),
        "failure": None
        if failure is None
        else {"kind": failure.kind, "detail": failure.detail, "alert": failure.alert},
    }
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    return text[:-1] + b',"tls":', reply.tls
