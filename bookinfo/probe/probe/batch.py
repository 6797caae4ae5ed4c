"""What one control call asks for, validated field by field."""

import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from yarl import URL

from probe import fields
from probe.fields import BadFieldError
from probe.limits import LONGEST_BODY
from probe.tls_client import VERSIONS, client_context

if TYPE_CHECKING:
    from aioquic.quic.configuration import QuicConfiguration

MOST_CALLS = 20_000
MOST_AT_ONCE = 256
HIGHEST_RATE = 10_000.0
LONGEST_TIMEOUT = 300.0
LONGEST_BATCH = 900.0
DEFAULT_BODY_LIMIT = 64 << 10
MOST_RETURNED = 4 << 20
"""Bytes of bodies that one batch may return: a probe lives in 100 MB."""

MOST_QUEUED = 16 << 20
"""Bytes of bodies that may wait in QUIC's own memory at the same time."""

SCHEMES: Mapping[str, tuple[str | None, str]] = {
    "http": ("http", "https"),
    "http2": ("http", "https"),
    "http3": (None, "https"),
    "grpc": ("grpc", "grpcs"),
    "websocket": ("ws", "wss"),
    "tcp": ("tcp", "tls"),
}
"""Of each protocol: its schemes, without TLS and with it."""

DEFAULT_ALPN = {
    "http": ("http/1.1",),
    "http2": ("h2",),
    "http3": ("h3",),
    "grpc": ("h2",),
    "websocket": ("http/1.1",),
}

_HTTP = frozenset({"http", "http2", "http3"})
_WITH_HEADERS = _HTTP | {"grpc", "websocket"}
_BY_STREAMS = frozenset({"http2", "http3", "grpc"})
_NOT_ON_A_STREAM = frozenset({"connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"})
_SET_BY_GRPC = frozenset({"content-type", "te", "grpc-encoding", "grpc-accept-encoding", "content-length"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """One batch of equal calls.

    `timeout` (seconds) bounds each call, `deadline` (seconds) the batch: what is not answered by then is
    left out and the batch is marked partial. `body_limit` is in bytes, for each reply. `keep_headers` None
    keeps them all. When the URL asks for TLS, `server_name` is its SNI and there is `tls`, for http3 `quic`.
    """

    protocol: str
    url: URL
    method: str
    headers: Mapping[str, str]
    body: bytes
    host: str | None
    server_name: str | None
    tls: ssl.SSLContext | None
    quic: "QuicConfiguration | None"
    count: int
    concurrency: int
    rate: float
    timeout: float
    deadline: float
    new_connections: bool
    server_first: bool
    body_limit: int
    keep_headers: frozenset[str] | None

    @property
    def secure(self) -> bool:
        """Whether the calls are encrypted."""
        return self.server_name is not None

    @property
    def authority(self) -> str:
        """Whom the calls ask for: the Host header or :authority."""
        if self.host is not None:
            return self.host
        return self.url.host_port_subcomponent or ""


@dataclass(frozen=True, slots=True)
class _Field:
    """How a field is read, its value when left out, and where it makes sense."""

    parse: Callable[[Any], Any]
    default: Any = None
    protocols: frozenset[str] = frozenset(SCHEMES)
    tls_only: bool = False


_FIELDS: Mapping[str, _Field] = {
    "protocol": _Field(fields.one_of(*SCHEMES), "http"),
    "url": _Field(fields.url),
    "method": _Field(fields.method, "GET", _HTTP),
    "headers": _Field(fields.headers, {}, _WITH_HEADERS),
    "body": _Field(fields.body(LONGEST_BODY), ""),
    "host": _Field(fields.optional(fields.authority), None, _WITH_HEADERS),
    "sni": _Field(fields.optional(fields.server_name), tls_only=True),
    "ca": _Field(fields.optional(fields.pem), tls_only=True),
    "client_certificate": _Field(fields.optional(fields.key_pair), tls_only=True),
    "alpn": _Field(fields.optional(fields.protocol_names), tls_only=True),
    "tls_version": _Field(fields.optional(fields.one_of(*VERSIONS)), tls_only=True),
    "count": _Field(fields.whole(1, MOST_CALLS), 1),
    "concurrency": _Field(fields.whole(1, MOST_AT_ONCE), 1),
    "rate": _Field(fields.rate(HIGHEST_RATE), 0.0),
    "timeout": _Field(fields.seconds(LONGEST_TIMEOUT), 5.0),
    "deadline": _Field(fields.seconds(LONGEST_BATCH), LONGEST_BATCH),
    "new_connections": _Field(fields.flag, default=False),
    "server_first": _Field(fields.flag, default=False, protocols=frozenset({"tcp"})),
    "body_limit": _Field(fields.whole(0, LONGEST_BODY), DEFAULT_BODY_LIMIT),
    "keep_headers": _Field(fields.optional(fields.header_names)),
}


def _check_url(protocol: str, url: URL) -> bool:
    """Refuse a URL that the protocol cannot use; return whether it asks for TLS."""
    plain, secure = SCHEMES[protocol]
    path = {"grpc": "[/package.Service/Method]", "tcp": ""}.get(protocol, "/path")
    port = ":port" if protocol in {"grpc", "tcp"} else "[:port]"
    right = url.scheme in {plain, secure} and url.host and not (port == ":port" and url.port is None)
    if protocol == "tcp":
        right = right and url.raw_path in {"", "/"}
    elif protocol == "grpc":
        right = right and (url.raw_path in {"", "/"} or url.raw_path.count("/") == 2)  # noqa: PLR2004 - /service/method
    if not right:
        where = f"host{port}{path}"
        ways = f"{plain}://{where}, or {secure}:// for TLS" if plain else f"{secure}://{where}"
        raise BadFieldError("url", f"must be {ways}")
    return url.scheme == secure


def _check_sense(document: Mapping[str, Any], protocol: str, *, secure: bool) -> None:
    """Refuse fields that say something which the protocol cannot carry; empty ones say nothing."""
    for name, value in document.items():
        field = _FIELDS[name]
        if value is None or value is False or value in ("", {}):
            continue
        if protocol not in field.protocols:
            raise BadFieldError(name, f"makes no sense with protocol {protocol}")
        if field.tls_only and not secure:
            raise BadFieldError(
                name, f"makes no sense without TLS (write the URL with {SCHEMES[protocol][1]}://)"
            )


def _host(protocol: str, values: Mapping[str, Any]) -> tuple[str | None, Mapping[str, str]]:
    """Return the host override and the headers without it: it may be given as either, not as both."""
    names = {name.lower(): name for name in values["headers"]}
    if protocol in _BY_STREAMS:
        for name in (_NOT_ON_A_STREAM | (_SET_BY_GRPC if protocol == "grpc" else set())) & names.keys():
            raise BadFieldError("headers", f"{names[name]} cannot be sent with protocol {protocol}")
    if "host" not in names:
        return values["host"], values["headers"]
    if values["host"] is not None:
        raise BadFieldError("host", "is given twice, here and among the headers")
    headers = dict(values["headers"])
    try:
        return fields.authority(headers.pop(names["host"])), headers
    except ValueError as error:
        raise BadFieldError("headers", f"value of {names['host']} {error}") from error


def _encryption(protocol: str, said: Mapping[str, Any], server_name: str) -> Mapping[str, Any]:
    """Return what the batch's connections are encrypted with, by the name of its field."""
    asked = {
        "ca": said["ca"],
        "certificate": said["client_certificate"],
        "alpn": DEFAULT_ALPN.get(protocol, ()) if said["alpn"] is None else said["alpn"],
        "version": said["tls_version"],
    }
    if protocol != "http3":
        return {"tls": client_context(**asked)}
    # A quarter of a probe's start, and few batches are of HTTP/3: loaded when the first one is.
    from probe.quic_client import client_configuration  # noqa: PLC0415

    return {"quic": client_configuration(**asked, server_name=server_name)}


def parse_batch(text: bytes) -> Batch:
    """Read a batch from the JSON text of a control call.

    Raises:
        BadFieldError: names the field and what it must be.
    """
    return batch_of(fields.json_value(text))


def batch_of(value: Any) -> Batch:
    """Read a batch from a JSON value.

    Raises:
        BadFieldError: names the field and what it must be.
    """
    document = fields.members(value, "batch", _FIELDS)
    if document.get("url") is None:
        raise BadFieldError("url", "must be given")
    values = {}
    for name, field in _FIELDS.items():
        try:
            values[name] = field.parse(document.get(name, field.default))
        except ValueError as error:
            raise BadFieldError(name, str(error)) from error
    protocol, url = values["protocol"], values["url"]
    secure = _check_url(protocol, url)
    _check_sense(document, protocol, secure=secure)
    if protocol == "tcp" and b"\n" in values["body"]:
        raise BadFieldError("body", "must be one line: with protocol tcp a line is a call")
    if values["count"] * values["body_limit"] > MOST_RETURNED:
        most = MOST_RETURNED // values["count"]
        raise BadFieldError("body_limit", f"must be 0..{most} for {values['count']} calls")
    at_once = min(values["count"], values["concurrency"])
    if protocol == "http3" and at_once * len(values["body"]) > MOST_QUEUED:
        raise BadFieldError(
            "body", f"must be 0..{MOST_QUEUED // at_once} bytes for {at_once} calls of http3 at once"
        )
    values["host"], values["headers"] = _host(protocol, values)
    values |= {"server_name": None, "tls": None, "quic": None}
    certificates = {name: values.pop(name) for name in ("ca", "client_certificate", "alpn", "tls_version")}
    sni = values.pop("sni")
    if secure:
        values["server_name"] = sni or (url.host or "").rstrip(".")
        values |= _encryption(protocol, certificates, values["server_name"])
    return Batch(**values)
