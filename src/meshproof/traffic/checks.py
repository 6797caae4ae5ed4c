"""Checks: values that say of a reply why it missed. Combine them with `&`."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any

from meshproof.traffic.reply import Failure, FailureKind, Reply

TURNED_AWAY = (FailureKind.REFUSED, FailureKind.RESET, FailureKind.TLS, FailureKind.CLOSED)
"""Failures in which the peer said no. A timeout is none of them: silence proves nothing."""

_EXCERPT = 60


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that a reply must be.

    Args:
        description: what must hold, such as "served by reviews-v2".
        judge: returns None when it does, else what was there instead.
    """

    description: str
    judge: Callable[[Reply], str | None]

    def __call__(self, reply: Reply) -> str | None:
        """Return None, or why the reply missed."""
        return self.judge(reply)

    def __and__(self, other: "Check") -> "Check":
        """Return a check that wants both; the first that is missed gives the reason."""

        def judge(reply: Reply) -> str | None:
            reason = self(reply)
            return other(reply) if reason is None else reason

        return Check(f"{self.description} and {other.description}", judge)


def _of_reply(description: str, judge: Callable[[Reply], str | None]) -> Check:
    """Return a check of a reply that arrived: a failed call misses it with its failure."""
    return Check(description, lambda reply: judge(reply) if reply.failure is None else str(reply.failure))


def _excerpt(reply: Reply) -> str:
    text = " ".join(reply.body.split())
    return text if len(text) <= _EXCERPT else f"{text[: _EXCERPT - 1]}…"


def _status_seen(reply: Reply) -> str:
    # A proxy explains its own answers in a line of plain text ("no healthy upstream", "RBAC: access denied").
    plain = reply.headers.get("content-type", "").startswith("text/plain")
    text = _excerpt(reply) if plain else ""
    return reply.status_words() + (f" ({text})" if text else "")


def status(code: int) -> Check:
    """The reply's HTTP status is this."""
    return _of_reply(f"status {code}", lambda reply: None if reply.status == code else _status_seen(reply))


def grpc_status(code: int) -> Check:
    """A reply of gRPC came, with this status: 0 OK, 14 UNAVAILABLE."""
    return _of_reply(
        f"gRPC status {code}",
        lambda reply: None if reply.grpc_status == code else _status_seen(reply),
    )


def served_by(workload: str) -> Check:
    """The workload that answered is this one, such as reviews-v2."""

    def judge(reply: Reply) -> str | None:
        if reply.workload == workload:
            return None
        who = reply.pod or reply.workload
        return f"served by {who}" if who else f"{_status_seen(reply)}, from somebody unnamed"

    return _of_reply(f"served by {workload}", judge)


def served_as_before() -> Check:
    """The workload that answered is the one that answered the call before; for one expectation only."""
    before = ""

    def judge(reply: Reply) -> str | None:
        nonlocal before
        last, before = before, reply.workload or ""
        if before and before == last:
            return None
        if not before:
            return f"{_status_seen(reply)}, from somebody unnamed"
        return f"served by {before}, {f'after {last}' if last else 'the first of all'}"

    return _of_reply("served by the same workload as before", judge)


def body_contains(text: str) -> Check:
    """The reply's body contains this text."""
    return _of_reply(
        f"a body with {text!r}",
        lambda reply: None if text in reply.body else f"body {_excerpt(reply)!r}",
    )


class _Title(HTMLParser):
    """Collects the text of the first title of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.text: str | None = None
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - the base's signature
        if tag == "title" and self.text is None:
            self.text, self._inside = "", True

    def handle_endtag(self, tag: str) -> None:
        if tag == "title":
            self._inside = False

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.text = (self.text or "") + data


def title(text: str) -> Check:
    """The reply is a page with this title."""

    def judge(reply: Reply) -> str | None:
        page = _Title()
        page.feed(reply.body)
        if page.text is None:
            return f"{_status_seen(reply)}, no title"
        seen = " ".join(page.text.split())
        return None if seen == text else f"title {seen!r}"

    return _of_reply(f"title {text!r}", judge)


def header(name: str, value: str | None) -> Check:
    """The reply has this header with this value; None: it has no such header."""

    def judge(reply: Reply) -> str | None:
        seen = reply.headers.get(name.lower())
        if seen == value:
            return None
        return f"no header {name}" if seen is None else f"header {name}: {seen}"

    return _of_reply(f"no header {name}" if value is None else f"header {name}: {value}", judge)


def saw_header(name: str, part: str) -> Check:
    """The probe that answered received a header of this name whose value contains this text.

    For what a proxy tells the called side, such as x-forwarded-client-cert.
    """

    def judge(saw: Mapping[str, Any]) -> str | None:
        value = saw["headers"].get(name.lower())
        if value is None:
            return f"{name} not received"
        return None if part in value else f"received {name}: {value}"

    return _of_probe(f"{name} received with {part!r}", judge)


def received(name: str, value: str | None) -> Check:
    """The probe that answered received this header with exactly this value; None: no such header.

    Of a header that was sent more than once it has the values joined by a comma and a space.
    """

    def judge(saw: Mapping[str, Any]) -> str | None:
        seen = saw["headers"].get(name.lower())
        if seen == value:
            return None
        return f"{name} not received" if seen is None else f"received {name}: {seen}"

    return _of_probe(f"{name} not received" if value is None else f"received {name}: {value}", judge)


def saw_path(path: str) -> Check:
    """The probe that answered was asked for this path, as it came over the wire, without the query."""

    def judge(saw: Mapping[str, Any]) -> str | None:
        return None if saw["path"] == path else f"asked for path {saw['path']}"

    return _of_probe(f"asked for path {path}", judge)


def saw_host(host: str) -> Check:
    """The probe that answered was asked under this host name, a port with it where one was named."""

    def judge(saw: Mapping[str, Any]) -> str | None:
        seen = saw["headers"].get("host")
        return None if seen == host else f"asked for host {seen}"

    return _of_probe(f"asked for host {host}", judge)


def _of_probe(description: str, judge: Callable[[Mapping[str, Any]], str | None]) -> Check:
    """Return a check of what the probe that answered says it saw."""

    def judge_reply(reply: Reply) -> str | None:
        try:
            return judge(json.loads(reply.body))
        except (ValueError, TypeError, KeyError, AttributeError):
            return f"{_status_seen(reply)}, not from a probe"

    return _of_reply(description, judge_reply)


def certificate(pem: str) -> Check:
    """The peer has shown this certificate in its TLS handshake."""
    # Imported only here: few calls are encrypted, and the library behind it takes its time.
    from meshproof.certificates import same, words_of  # noqa: PLC0415

    def judge(reply: Reply) -> str | None:
        shown = reply.tls and reply.tls.certificate
        if not shown:
            return "no certificate shown"
        return None if same(shown, pem) else f"{words_of(shown)} shown"

    return _of_reply(f"{words_of(pem)} shown", judge)


def agreed_on(protocol: str) -> Check:
    """Both sides have agreed on this protocol in their TLS handshake (ALPN): h2, h3."""

    def judge(reply: Reply) -> str | None:
        agreed = reply.tls and reply.tls.alpn
        if agreed == protocol:
            return None
        return f"{agreed} agreed on" if agreed else "no protocol agreed on"

    return _of_reply(f"{protocol} agreed on", judge)


def slower_than(seconds: float) -> Check:
    """The reply took longer than this."""
    return _of_reply(
        f"slower than {seconds:g} s",
        lambda reply: None if reply.seconds > seconds else f"took {_rounded(reply.seconds)}",
    )


def faster_than(seconds: float) -> Check:
    """The reply took less than this."""
    return _of_reply(
        f"faster than {seconds:g} s",
        lambda reply: None if reply.seconds < seconds else f"took {_rounded(reply.seconds)}",
    )


def _rounded(seconds: float) -> str:
    # To one figure: a miss is counted by its text, and 200 different times would be 200 kinds of miss.
    return f"about {seconds:.1g} s"


def refused(*kinds: FailureKind | str) -> Check:
    """The peer turned the connection away: refused, reset, TLS alert, or closed without a reply.

    A failure of TLS without an alert is none: this side did not accept the server's certificate. Calls from
    outside (`Outside`) never name an alert, so that of theirs no failure of TLS counts.

    Args:
        kinds: accept these failures only, such as "reset".
    """
    accepted = tuple(FailureKind(kind) for kind in kinds) or TURNED_AWAY

    def judge(reply: Reply) -> str | None:
        failure = reply.failure
        if failure is None or reply.status is not None or failure.kind not in accepted:
            return str(reply)
        by_the_peer = failure.kind is not FailureKind.TLS or failure.alert is not None
        return None if by_the_peer else str(reply)

    return Check(f"connection turned away ({', '.join(accepted)})", judge)


def _broken_off(description: str, judge: Callable[[Failure], bool]) -> Check:
    """Return a check of a call that failed, before the reply or within it."""

    def judge_reply(reply: Reply) -> str | None:
        return None if reply.failure is not None and judge(reply.failure) else str(reply)

    return Check(description, judge_reply)


def closed() -> Check:
    """The peer ended the connection in good order, but before the reply was complete."""
    return _broken_off("connection closed before the end", lambda failure: failure.kind is FailureKind.CLOSED)


def reset() -> Check:
    """The peer broke the connection off (in HTTP/2 and HTTP/3: the stream) before the reply was complete."""
    return _broken_off("reset before the end", lambda failure: failure.kind is FailureKind.RESET)


def tls_alert(number: int) -> Check:
    """The peer ended the handshake with this alert: 48 unknown CA, 116 certificate required."""
    return _broken_off(f"TLS alert {number}", lambda failure: failure.alert == number)
