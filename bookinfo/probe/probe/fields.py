"""How the fields of a batch are read: each function takes a JSON value and returns what it means.

They raise ValueError with what the value must be; who calls them adds the field's name.
"""

import ipaddress
import json
import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

from yarl import URL

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_METHOD = re.compile(r"[A-Z]{1,20}")
_URL_TEXT = re.compile(r"[!-~]{1,8192}")
_FIELD_VALUE = re.compile(r"[\t -~\x80-\xff]*")
_AUTHORITY = re.compile(r"[!-.0-9:;<=>A-Z\[\]^-~]{1,255}")
_SERVER_NAME = re.compile(r"(?=.{1,253}$)[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*")
_ALPN = re.compile(r"[!-~]{1,255}")

MOST_ALPN = 16
LONGEST_PEM = 256 << 10


class BadFieldError(ValueError):
    """A field of a batch is wrong; the message begins with its name."""

    def __init__(self, field: str, what: str) -> None:
        super().__init__(f"{field}: {what}")


def json_value(text: bytes) -> Any:
    """Return what a JSON text says; None when it is no JSON."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def members(value: Any, what: str, names: Collection[str]) -> Mapping[str, Any]:
    """Return a JSON object all of whose fields are known.

    Args:
        value: that is to be one.
        what: it is called when it is none.
        names: of the fields that there are.

    Raises:
        BadFieldError: it is no object, or one of its fields is unknown.
    """
    if not isinstance(value, dict):
        raise BadFieldError(what, "must be a JSON object")
    for name in value:
        if name not in names:
            raise BadFieldError(name, f"unknown field (known: {', '.join(names)})")
    return value


def whole(least: int, most: int) -> Callable[[Any], int]:
    """Return how a whole number within bounds is read."""

    def parse(value: Any) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise ValueError(f"must be {least}..{most}")
        return value

    return parse


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def seconds(most: float) -> Callable[[Any], float]:
    """Return how a duration is read."""

    def parse(value: Any) -> float:
        if not _is_number(value) or not 0 < value <= most:
            raise ValueError(f"must be seconds above 0, at most {most:g}")
        return float(value)

    return parse


def rate(most: float) -> Callable[[Any], float]:
    """Return how a rate is read; 0 is none."""

    def parse(value: Any) -> float:
        if not _is_number(value) or not 0 <= value <= most:
            raise ValueError(f"must be calls per second, 0..{most:g} (0: no pace)")
        return float(value)

    return parse


def one_of(*names: str) -> Callable[[Any], str]:
    """Return how a name out of a few is read."""

    def parse(value: Any) -> str:
        if not isinstance(value, str) or value not in names:
            raise ValueError(f"must be {', '.join(names[:-1])} or {names[-1]}")
        return value

    return parse


def optional(parse: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return how a field is read that may be null."""
    return lambda value: None if value is None else parse(value)


def method(value: Any) -> str:
    """Read an HTTP method."""
    if not isinstance(value, str) or not _METHOD.fullmatch(value):
        raise ValueError("must be 1..20 capital letters")
    return value


def url(value: Any) -> URL:
    """Read a URL of whatever scheme; its path stays exactly as written, dots, doubled slashes and all."""
    if not isinstance(value, str) or not _URL_TEXT.fullmatch(value):
        raise ValueError("must be 1..8192 printable ASCII characters without spaces")
    try:
        parsed = URL(value, encoded=True)
        _ = parsed.port
    except ValueError as error:
        raise ValueError(f"is no URL ({error})") from error
    if parsed.user is not None or parsed.password is not None:
        raise ValueError("must not carry a user or password; send an authorization header")
    if "#" in value:
        raise ValueError("must not carry a fragment; it is never sent")
    return parsed


def header_name(value: Any) -> str:
    """Read the name of a header."""
    if not isinstance(value, str) or not _TOKEN.fullmatch(value):
        raise ValueError(f"{value!r} is no header name")
    return value


def headers(value: Any) -> Mapping[str, str]:
    """Read headers as an object of names and texts."""
    if not isinstance(value, dict):
        raise ValueError("must be an object of names and texts")  # noqa: TRY004 - one error type for all fields
    for name, text in value.items():
        header_name(name)
        if not isinstance(text, str) or not _FIELD_VALUE.fullmatch(text):
            raise ValueError(f"value of {name} must be text without control characters")
    return value


def header_names(value: Any) -> frozenset[str]:
    """Read names of headers, whatever their case."""
    if not isinstance(value, list):
        raise ValueError("must be a list of header names")  # noqa: TRY004 - one error type for all fields
    return frozenset(header_name(name).lower() for name in value)


def body(most: int) -> Callable[[Any], bytes]:
    """Return how a body of at most so many bytes is read."""

    def parse(value: Any) -> bytes:
        if not isinstance(value, str):
            raise ValueError("must be text")  # noqa: TRY004 - one error type for all fields
        try:
            content = value.encode()
        except UnicodeEncodeError:
            raise ValueError("must be text that UTF-8 can carry") from None
        if len(content) > most:
            raise ValueError(f"must be at most {most} bytes")
        return content

    return parse


def flag(value: Any) -> bool:
    """Read a yes or no."""
    if not isinstance(value, bool):
        raise ValueError("must be true or false")  # noqa: TRY004 - one error type for all fields
    return value


def authority(value: Any) -> str:
    """Read what stands in for the URL's host in a Host header or an :authority."""
    if not isinstance(value, str) or not _AUTHORITY.fullmatch(value):
        raise ValueError("must be host[:port], 1..255 characters")
    return value


def server_name(value: Any) -> str:
    """Read a name for SNI, which carries names of DNS alone."""
    if not isinstance(value, str) or not _SERVER_NAME.fullmatch(value) or is_address(value):
        raise ValueError("must be a DNS name (no address, no port)")
    return value


def is_address(name: str) -> bool:
    """Return whether a host is an IP address."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def pem(value: Any) -> str:
    """Read PEM text; whether it holds what it should shows when it is loaded."""
    if not isinstance(value, str) or "-----BEGIN " not in value or not value.isascii():
        raise ValueError("must be PEM text")
    if len(value) > LONGEST_PEM:
        raise ValueError(f"must be at most {LONGEST_PEM} bytes")
    return value


def key_pair(value: Any) -> tuple[str, str]:
    """Read a chain of certificates and its key."""
    if not isinstance(value, dict) or set(value) != {"certificate", "key"}:
        raise ValueError("must be an object of certificate and key, both PEM text")
    try:
        return pem(value["certificate"]), pem(value["key"])
    except ValueError as error:
        raise ValueError(f"certificate and key {error}") from None


def protocol_names(value: Any) -> tuple[str, ...]:
    """Read the protocols to offer by ALPN; none at all is an empty list."""
    if (
        not isinstance(value, list)
        or len(value) > MOST_ALPN
        or not all(isinstance(name, str) and _ALPN.fullmatch(name) for name in value)
    ):
        raise ValueError(f"must be a list of at most {MOST_ALPN} protocol names, such as h2")
    return tuple(value)
