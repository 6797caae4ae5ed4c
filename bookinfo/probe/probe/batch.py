"""What one control call asks for, validated field by field."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from yarl import URL

MOST_CALLS = 20_000
MOST_AT_ONCE = 256
LONGEST_TIMEOUT = 300.0
LONGEST_BATCH = 900.0
LONGEST_BODY = 1 << 20
DEFAULT_BODY_LIMIT = 64 << 10
MOST_RETURNED = 4 << 20
"""Bytes of bodies that one batch may return: a probe lives in 100 MB."""

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_METHOD = re.compile(r"[A-Z]{1,20}")
_URL_TEXT = re.compile(r"[!-~]{1,8192}")
_FIELD_VALUE = re.compile(r"[\t -~\x80-\xff]*")


class BadBatchError(ValueError):
    """The batch cannot be run; the message begins with the field that is wrong."""


@dataclass(frozen=True, slots=True)
class Batch:
    """One batch of equal calls.

    `timeout` (seconds) bounds each call, `deadline` (seconds) the batch: what is not answered by then is
    left out and the batch is marked partial. `body_limit` is in bytes, for each reply.
    """

    protocol: str
    url: URL
    method: str
    headers: Mapping[str, str]
    body: bytes
    count: int
    concurrency: int
    timeout: float
    deadline: float
    new_connections: bool
    body_limit: int


def _whole(least: int, most: int) -> Callable[[Any], int]:
    def parse(value: Any) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise ValueError(f"must be {least}..{most}")
        return value

    return parse


def _seconds(most: float) -> Callable[[Any], float]:
    def parse(value: Any) -> float:
        if not isinstance(value, (int, float)) or isinstance(value, bool) or not 0 < value <= most:
            raise ValueError(f"must be seconds above 0, at most {most:g}")
        return float(value)

    return parse


def _protocol(value: Any) -> str:
    if value != "http":
        raise ValueError("must be http")
    return "http"


def _method(value: Any) -> str:
    if not isinstance(value, str) or not _METHOD.fullmatch(value):
        raise ValueError("must be 1..20 capital letters")
    return value


def _url(value: Any) -> URL:
    if not isinstance(value, str) or not _URL_TEXT.fullmatch(value):
        raise ValueError("must be 1..8192 printable ASCII characters without spaces")
    try:
        # encoded: the path goes out exactly as written, dots, doubled slashes and all.
        url = URL(value, encoded=True)
        _ = url.port
    except ValueError as error:
        raise ValueError(f"is no URL ({error})") from error
    if url.scheme != "http" or not url.host:
        raise ValueError("must be http://host[:port]/path")
    if url.user is not None or url.password is not None:
        raise ValueError("must not carry a user or password; send an authorization header")
    return url


def _headers(value: Any) -> Mapping[str, str]:
    if not isinstance(value, dict):
        raise ValueError("must be an object of names and texts")  # noqa: TRY004 - one error type for all fields
    for name, text in value.items():
        if not _TOKEN.fullmatch(name):
            raise ValueError(f"{name!r} is no header name")
        if not isinstance(text, str) or not _FIELD_VALUE.fullmatch(text):
            raise ValueError(f"value of {name} must be text without control characters")
    return value


def _body(value: Any) -> bytes:
    if not isinstance(value, str):
        raise ValueError("must be text")  # noqa: TRY004 - one error type for all fields
    try:
        body = value.encode()
    except UnicodeEncodeError:
        raise ValueError("must be text that UTF-8 can carry") from None
    if len(body) > LONGEST_BODY:
        raise ValueError(f"must be at most {LONGEST_BODY} bytes")
    return body


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("must be true or false")  # noqa: TRY004 - one error type for all fields
    return value


_FIELDS: Mapping[str, tuple[Callable[[Any], Any], Any]] = {
    "protocol": (_protocol, "http"),
    "url": (_url, None),
    "method": (_method, "GET"),
    "headers": (_headers, {}),
    "body": (_body, ""),
    "count": (_whole(1, MOST_CALLS), 1),
    "concurrency": (_whole(1, MOST_AT_ONCE), 1),
    "timeout": (_seconds(LONGEST_TIMEOUT), 5.0),
    "deadline": (_seconds(LONGEST_BATCH), LONGEST_BATCH),
    "new_connections": (_flag, False),
    "body_limit": (_whole(0, LONGEST_BODY), DEFAULT_BODY_LIMIT),
}
"""Each field: how it is read, and its value when it is left out (None: it must be given)."""


def parse_batch(text: bytes) -> Batch:
    """Read a batch from the JSON text of a control call.

    Raises:
        BadBatchError: names the field and what it must be.
    """
    try:
        document = json.loads(text)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise BadBatchError("batch: must be a JSON object")
    for name in document:
        if name not in _FIELDS:
            raise BadBatchError(f"{name}: unknown field (known: {', '.join(f.name for f in fields(Batch))})")
    values = {}
    for name, (parse, default) in _FIELDS.items():
        value = document.get(name, default)
        if value is None and name not in document:
            raise BadBatchError(f"{name}: must be given")
        try:
            values[name] = parse(value)
        except ValueError as error:
            raise BadBatchError(f"{name}: {error}") from error
    batch = Batch(**values)
    if batch.count * batch.body_limit > MOST_RETURNED:
        most = MOST_RETURNED // batch.count
        raise BadBatchError(f"body_limit: must be 0..{most} for {batch.count} calls")
    return batch
