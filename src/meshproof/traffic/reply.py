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


@dataclass(frozen=True, slots=True)
class Failure:
    """How a call failed; `detail` is for people, such as "connection reset by peer"."""

    kind: FailureKind
    detail: str

    def __str__(self) -> str:
        """Return it as a miss names it."""
        return self.detail or str(self.kind)


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply, or the failure that took its place.

    Args:
        status: the HTTP status; None when none arrived.
        headers: names in lower case, repeated ones joined by a comma.
        body: at most as many bytes as the batch asked for, as text.
        seconds: from sending the call to the end of the reply.
        failure: what went wrong, also when it did after the status had arrived.
    """

    status: int | None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    seconds: float = 0.0
    failure: Failure | None = None

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

    def __str__(self) -> str:
        """Return what happened in a few words."""
        if self.failure is not None:
            return str(self.failure)
        who = self.pod or self.workload
        return f"status {self.status}" + (f", served by {who}" if who else "")

    def without_pod(self, text: str) -> str:
        """Return the text with this pod's name cut to its workload, so that equal texts can be counted."""
        if not (self.pod and self.workload):
            return text
        return text.replace(self.pod, f"{self.workload}-…")
