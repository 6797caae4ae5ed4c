"""A call as a value, and who can send it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from meshproof.traffic.reply import Reply

KEPT_BODY = 64 << 10
"""Bytes of each reply's body that are kept unless a batch says otherwise."""

_SECRET_HEADERS = frozenset({"authorization", "cookie", "proxy-authorization"})


@dataclass(frozen=True, slots=True)
class Batch:
    """How often a call is sent, and how.

    Args:
        count: calls in all.
        concurrency: calls under way at the same time.
        deadline: seconds for the whole batch; calls not answered by then are left out.
        new_connections: whether each call gets a connection of its own.
        body_limit: bytes of each reply's body to keep.
    """

    count: int
    concurrency: int
    deadline: float
    new_connections: bool = False
    body_limit: int = KEPT_BODY


@dataclass(frozen=True, slots=True)
class Answer:
    """The replies of a batch in the order of their calls; `partial` when some are missing."""

    replies: tuple[Reply, ...]
    partial: bool = False


class Sender(Protocol):
    """Something that can send calls: a probe, or this machine."""

    def send(self, call: "Call", batch: Batch) -> Answer:
        """Send the call as often as the batch says."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call, bound to who sends it.

    Args:
        source: the sender's name, such as probe-a or outside.
        headers: pairs in the order in which they are sent.
        timeout: seconds until it counts as unanswered.
        sender: sends it.
    """

    source: str
    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: str
    timeout: float
    sender: Sender = field(repr=False, compare=False)

    def __str__(self) -> str:
        """Return the call as evidence shows it: what would let others in is left out."""
        shown = [
            f"{name}: {'(hidden)' if name.lower() in _SECRET_HEADERS else value}"
            for name, value in self.headers
        ]
        return "  ".join([f"{self.source} -> {self.method} {self.url}", *shown])


def pairs(headers: Mapping[str, str] | None) -> tuple[tuple[str, str], ...]:
    """Return headers as a call holds them."""
    return tuple((headers or {}).items())
