"""What came of one call."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class FailureKind(StrEnum):
    """How a call can fail without a complete reply."""

    REFUSED = "refused"  # nobody accepted the connection
    RESET = "reset"  # the peer broke the connection off
    TIMEOUT = "timeout"  # no reply in the call's time; proves nothing about a denial
    DNS = "dns"  # the name has no address
    TLS = "tls"  # the handshake failed
    CLOSED = "closed"  # the peer ended the connection before the reply was complete
    OTHER = "other"  # anything else; the detail says what


SILENT = frozenset({FailureKind.TIMEOUT, FailureKind.DNS, FailureKind.OTHER})
"""Failures in which nobody said anything: they prove nothing, least of all that something never happens."""


@dataclass(frozen=True, slots=True)
class Failure:
    """How a call failed.

    Args:
        kind: the one word for it.
        detail: for people, such as "connection reset by peer".
        alert: the number of the TLS alert that the peer sent, such as 116 (certificate required).
    """

    kind: FailureKind
    detail: str
    alert: int | None = None

    def __str__(self) -> str:
        """Return it as a miss names it."""
        return self.detail or str(self.kind)


@dataclass(frozen=True, slots=True)
class Handshake:
    """What the calling side's TLS came to.

    Args:
        version: such as TLSv1.3.
        alpn: the protocol that was agreed on; None: there was no agreement.
        certificate: PEM of what the peer showed; None: nothing.
    """

    version: str
    alpn: str | None
    certificate: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply, or the failure that took its place.

    Args:
        status: the HTTP status; None when none arrived, and where the protocol has none (TCP).
        headers: names in lower case, repeated ones joined by a comma.
        body: at most as many bytes as the batch asked for, as text.
        seconds: from sending the call to the end of the reply.
        failure: what went wrong, also when it did after the status had arrived.
        tls: of the connection that the reply came by; None without TLS.
    """

    status: int | None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    seconds: float = 0.0
    failure: Failure | None = None
    tls: Handshake | None = None

    @property
    def pod(self) -> str | None:
        """The pod that answered, by its own account."""
        return self.headers.get("x-served-by")

    @property
    def workload(self) -> str | None:
        """The workload that answered, such as reviews-v2."""
        return self.headers.get("x-served-workload")

    @property
    def version(self) -> str | None:
        """The version that answered, such as v2."""
        return self.headers.get("x-served-version")

    @property
    def grpc_status(self) -> int | None:
        """The status of gRPC that came over the wire, 0 for OK."""
        text = self.headers.get("grpc-status", "")
        return int(text) if text.isdecimal() else None

    @property
    def answered(self) -> bool:
        """Whether somebody answered, if only to turn the call away."""
        return self.status is not None or self.failure is None or self.failure.kind not in SILENT

    @property
    def succeeded(self) -> bool:
        """Whether it is the good answer of its protocol: 200, 101 of a WebSocket, OK of gRPC, any of TCP."""
        return self.failure is None and self.status in {200, 101, None} and not self.grpc_status

    def __str__(self) -> str:
        """Return what happened in a few words."""
        if self.failure is not None:
            return str(self.failure)
        who = self.pod or self.workload
        return self.status_words() + (f", served by {who}" if who else "")

    def status_words(self) -> str:
        """Return the status as its protocol counts it."""
        if self.grpc_status is not None:
            message = self.headers.get("grpc-message")
            return f"gRPC status {self.grpc_status}" + (f" ({message})" if message else "")
        return "answered" if self.status is None else f"status {self.status}"

    def without_pod(self, text: str) -> str:
        """Return the text with this pod's name cut to its workload, so that equal texts can be counted."""
        if not (self.pod and self.workload):
            return text
        return text.replace(self.pod, f"{self.workload}-…")
