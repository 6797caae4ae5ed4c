"""A batch as one command of curl, and the replies in what it prints."""

import json
from collections.abc import Mapping
from typing import Any

from meshproof.errors import MeshproofError
from meshproof.traffic.call import Batch, Call
from meshproof.traffic.reply import Failure, FailureKind, Reply

_KINDS = {
    6: FailureKind.DNS,
    7: FailureKind.REFUSED,
    28: FailureKind.TIMEOUT,
    35: FailureKind.TLS,
    52: FailureKind.CLOSED,
    56: FailureKind.RESET,
    60: FailureKind.TLS,
}
"""Of curl's exit codes; every other one is a failure of another kind."""

_PARTS = 3


def curl_command(call: Call, batch: Batch, between: str) -> list[str]:
    """Return the command that makes all calls of a batch, one after the other.

    Args:
        call: a GET of HTTP.
        batch: how often, and by when.
        between: a text that no reply contains; it stands between the parts of the output.
    """
    kept = ("--header", "connection: close") if batch.new_connections else ()
    return [
        # curl limits each call, not all of them together.
        *("timeout", f"{batch.deadline:.1f}"),
        *("curl", "--silent", "--max-time", f"{call.timeout:g}", *kept),
        *("--write-out", rf"{between}%{{json}}{between}%{{header_json}}{between}"),
        # A range makes curl ask for each of its numbers; what stands after # is never sent.
        f"{call.url}#[1-{batch.count}]",
    ]


def replies_of(printed: str, between: str, limit: int) -> tuple[Reply, ...]:
    """Return the replies in curl's output; one that is not complete is left out.

    Args:
        printed: for each call its body, what curl measured, and the reply's headers.
        between: stands after each of them.
        limit: bytes of each body to keep.

    Raises:
        MeshproofError: it was not curl that printed it.
    """
    parts = printed.split(between)
    if printed and len(parts) == 1:
        raise MeshproofError(
            f"curl did not run in the container: {' '.join(printed.split())[:200]}", "look at the pod's image"
        )
    whole = range(0, len(parts) - _PARTS, _PARTS)
    return tuple(
        _reply(parts[at], json.loads(parts[at + 1]), json.loads(parts[at + 2] or "{}"), limit) for at in whole
    )


def _reply(body: str, measured: Mapping[str, Any], headers: Mapping[str, list[str]], limit: int) -> Reply:
    seconds = float(measured["time_total"])
    code = int(measured["exitcode"])
    kind = _KINDS.get(code, FailureKind.OTHER)
    return Reply(
        status=int(measured["http_code"]) or None,
        headers={name.lower(): ", ".join(values) for name, values in headers.items()},
        body=body.encode()[:limit].decode("utf-8", "ignore"),
        seconds=seconds,
        failure=Failure(kind, str(measured["errormsg"] or f"curl ended with {code}")) if code else None,
    )
