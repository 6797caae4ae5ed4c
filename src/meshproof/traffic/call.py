"""A call as a value, and who can send it."""

import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from meshproof.errors import ExitCode, MeshproofError
from meshproof.redact import HIDDEN, redact, secret_name
from meshproof.traffic.protocol import Protocol, Tls
from meshproof.traffic.reply import Failure, FailureKind, Reply

KEPT_BODY = 32 << 10
"""Bytes of each reply's body that are kept unless a batch says otherwise."""

MOST_RETURNED = 4 << 20
"""Bytes of bodies that a probe returns of one batch, at most."""


_SPOKEN = {Protocol.HTTP2: "HTTP/2 ", Protocol.HTTP3: "HTTP/3 "}


@dataclass(frozen=True, slots=True)
class Batch:
    """How often a call is sent, and how.

    Args:
        count: calls in all.
        concurrency: calls under way at the same time.
        deadline: seconds for the whole batch; calls not answered by then are left out.
        new_connections: whether each call gets a connection of its own.
        body_limit: bytes of each reply's body to keep.
        rate: calls started in a second; 0: as many as the concurrency allows.
        keep_headers: names of the reply's headers to keep; None: all of them.
    """

    count: int
    concurrency: int
    deadline: float
    new_connections: bool = False
    body_limit: int = KEPT_BODY
    rate: float = 0.0
    keep_headers: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """The replies of a batch in the order of their calls; `partial` when some are missing, `reason` why."""

    replies: tuple[Reply, ...]
    partial: bool = False
    reason: str = ""


class Sender(typing.Protocol):
    """Something that can send calls: a probe, or this machine."""

    def send(self, call: "Call", batch: Batch) -> Answer:
        """Send the call as often as the batch says."""

    def send_each(
        self, calls: Sequence["Call"], batch: Batch, concurrency: int, deadline: float
    ) -> tuple[Answer, ...]:
        """Send different calls, so many of them at the same time, each as often as the batch says.

        Args:
            calls: to be sent.
            batch: how each of them is.
            concurrency: calls that are under way at the same time.
            deadline: seconds for all of them; what is not answered by then is left out.

        Returns:
            An answer to each of them, in their order.

        Raises:
            CannotSend: this sender sends one call at a time only.
        """


@dataclass(frozen=True, slots=True)
class Call:
    """One call, bound to who sends it.

    Args:
        source: the sender's name, such as probe-a or outside.
        method: of HTTP; empty where the protocol has none.
        headers: pairs in the order in which they are sent; metadata in gRPC.
        timeout: seconds until it counts as unanswered.
        sender: sends it.
        protocol: what it is spoken in.
        host: the authority that it names; None: that of the URL.
        tls: how its TLS is set; None: as the URL says.
        server_first: whether it waits for a line before it sends its own (TCP).
    """

    source: str
    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: str
    timeout: float
    sender: Sender = field(repr=False, compare=False)
    protocol: Protocol = Protocol.HTTP
    host: str | None = None
    tls: Tls | None = None
    server_first: bool = False

    def once(self) -> Reply:
        """Send it once, by a connection of its own, and return its reply, or the failure in its place."""
        replies = self.sender.send(self, Batch(1, 1, self.timeout, new_connections=True)).replies
        return replies[0] if replies else Reply(None, failure=Failure(FailureKind.TIMEOUT, "no reply"))

    def __str__(self) -> str:
        """Return the call as evidence shows it: what would let others in is left out."""
        # Elsewhere the scheme of the URL says it already.
        spoken = _SPOKEN.get(self.protocol, "")
        what = f"{spoken}{self.method} {redact(self.url)}".lstrip()
        host = [f"host: {self.host}"] if self.host is not None else []
        shown = [f"{name}: {HIDDEN if secret_name(name) else redact(value)}" for name, value in self.headers]
        first = ["(server first)"] if self.server_first else []
        tls = self.tls.words() if self.tls else ()
        return "  ".join([f"{self.source} -> {what}", *first, *host, *shown, *tls])


class CannotSend(MeshproofError):
    """A sender was handed a call that it cannot send as it is written."""


def only_http(call: Call, batch: Batch) -> None:
    """Refuse what a sender of plain HTTP/1.1 would otherwise leave out in silence.

    Raises:
        CannotSend: the call or the batch asks for more.
    """
    asked = {
        f"protocol {call.protocol}": call.protocol is not Protocol.HTTP,
        "an authority apart from the URL's": call.host is not None,
        "TLS settings": call.tls is not None,
        "a rate": batch.rate > 0,
    }
    for what, wanted in asked.items():
        if wanted:
            raise CannotSend(
                f"{call.source} sends HTTP/1.1 and nothing else, but its call asks for {what}",
                "send it from a probe",
                ExitCode.USAGE,
            )


def pairs(headers: Mapping[str, str] | None) -> tuple[tuple[str, str], ...]:
    """Return headers as a call holds them."""
    return tuple((headers or {}).items())
