"""What a caller tells the probe to do, in one grammar for every protocol: a URL's query."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Literal
from urllib.parse import parse_qsl

LONGEST_DELAY = 60.0
"""Seconds; a longer `delay` or `interval` is refused, so that no call holds a connection for ever."""

LONGEST_STREAM = 300.0
"""Seconds from a reply's first chunk to its last."""

MOST_CHUNKS = 1_000
MOST_FAILURES = 1_000_000
MOST_PADDING = 1 << 20
MOST_WORKLOADS = 16
LONGEST_KEY = 256

BODILESS = frozenset({204, 205, 304})
"""Statuses of HTTP whose replies have no body."""

Cut = Literal["close", "reset"]


class BadInstructionError(ValueError):
    """An instruction that cannot be obeyed; the message begins with its name."""


@dataclass(frozen=True, slots=True)
class Medium:
    """What the protocol of a call can do.

    `statuses` is None where replies have no status, `failure` is how a call fails that was not told how.
    """

    name: str
    statuses: range | None
    failure: int | Cut
    cuts: bool = True
    chunks: bool = True


HTTP = Medium("HTTP", range(200, 600), 503)
TCP = Medium("TCP", None, "close")
# The gRPC library gives a service no hold of its connection.
GRPC = Medium("a gRPC call with one reply", range(17), 14, cuts=False, chunks=False)
GRPC_STREAM = Medium("gRPC", range(17), 14, cuts=False)


@dataclass(frozen=True, slots=True)
class Instructions:
    """What is to happen to one call; nothing of it, and it is answered at once.

    `delay` is in seconds before the reply. `cut` ends the connection (or the HTTP/2 stream): before the
    reply, or, with `after`, when so many chunks of it are sent. `chunks` (None: the reply is not streamed) go
    out `interval` seconds apart. `size` is in bytes of padding. The first `fail_first` calls of `key` end
    as `fail_with` says: a status, or a cut. Only the workloads in `only` do any of this; None: all do.
    """

    delay: float = 0.0
    status: int | None = None
    key: str | None = None
    fail_first: int = 0
    fail_with: int | Cut | None = None
    cut: Cut | None = None
    after: int | None = None
    chunks: int | None = None
    interval: float = 0.0
    size: int = 0
    only: frozenset[str] | None = None

    def at(self, workload: str) -> "Instructions":
        """Return what is to happen to the call at this workload: nothing where others are meant."""
        return self if self.only is None or workload in self.only else Instructions(key=self.key)

    def of_attempt(self, attempt: int) -> "Instructions":
        """Return what is to happen to the call that is number `attempt` (from 1) of its key."""
        if attempt > self.fail_first:
            return self
        failed = replace(self, status=None, cut=None, after=None, chunks=None, interval=0.0, size=0)
        if isinstance(self.fail_with, int):
            return replace(failed, status=self.fail_with)
        return replace(failed, cut=self.fail_with)

    @property
    def streamed(self) -> bool:
        """Whether the reply goes out in chunks, or is cut within."""
        return self.chunks is not None or self.after is not None

    def pieces(self, document: bytes) -> Iterator[bytes]:
        """Cut a document into as many pieces as told, none of them empty and all nearly of one size."""
        count = self.chunks or 1
        document += b" " * (count - len(document))
        for number in range(count):
            yield document[len(document) * number // count : len(document) * (number + 1) // count]


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= LONGEST_DELAY:
        raise ValueError(f"must be 0..{LONGEST_DELAY:g} seconds")
    return seconds


def _whole(least: int, most: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        # Length first: int() of a long text is slow, and refuses it in words of its own.
        if not (text.isascii() and text.isdigit() and len(text) <= 9 and least <= int(text) <= most):  # noqa: PLR2004
            raise ValueError(f"must be {least}..{most}")
        return int(text)

    return parse


def _flag(text: str) -> bool:
    if text not in {"0", "1"}:
        raise ValueError("must be 1, or 0")
    return text == "1"


def _key(text: str) -> str:
    if not 1 <= len(text) <= LONGEST_KEY:
        raise ValueError(f"must be 1..{LONGEST_KEY} characters")
    return text


def _failure(text: str) -> int | str:
    if text in {"close", "reset"}:
        return text
    try:
        return _whole(0, 599)(text)
    except ValueError:
        raise ValueError("must be a status, close or reset") from None


def _workloads(text: str) -> frozenset[str]:
    names = text.split(",")
    if not all(names) or len(names) > MOST_WORKLOADS:
        raise ValueError(f"must be 1..{MOST_WORKLOADS} workloads, separated by commas")
    return frozenset(names)


_FIELDS: Mapping[str, Callable[[str], Any]] = {
    "delay": _seconds,
    "status": _whole(0, 599),
    "key": _key,
    "fail_first": _whole(0, MOST_FAILURES),
    "fail_with": _failure,
    "close": _flag,
    "reset": _flag,
    "after": _whole(0, MOST_CHUNKS),
    "chunks": _whole(1, MOST_CHUNKS),
    "interval": _seconds,
    "size": _whole(0, MOST_PADDING),
    "only": _workloads,
}


def _status(name: str, status: int, medium: Medium) -> None:
    if medium.statuses is None:
        raise BadInstructionError(f"{name}: {medium.name} has no status")
    if status not in medium.statuses:
        raise BadInstructionError(f"{name}: must be {medium.statuses[0]}..{medium.statuses[-1]}")


def _able(told: Mapping[str, Any], medium: Medium) -> None:
    """Refuse what the protocol cannot do."""
    if "status" in told:
        _status("status", told["status"], medium)
    if isinstance(told.get("fail_with"), int):
        _status("fail_with", told["fail_with"], medium)
    if not medium.cuts:
        for name in ("close", "reset", "after"):
            if told.get(name, False) is not False:
                raise BadInstructionError(f"{name}: {medium.name} cannot do it")
        if isinstance(told.get("fail_with"), str):
            raise BadInstructionError(f"fail_with: {medium.name} cannot do {told['fail_with']}")
    if not medium.chunks and "chunks" in told:
        raise BadInstructionError(f"chunks: {medium.name} cannot do it")


def _sound_cut(told: Mapping[str, Any]) -> None:
    """Refuse a cut that cannot come when it is told to, and what it would leave without effect."""
    cut = told.get("close") or told.get("reset")
    chunks = told.get("chunks", 1)
    if told.get("close") and told.get("reset"):
        raise BadInstructionError("close: not together with reset")
    if "after" in told and not cut:
        raise BadInstructionError("after: needs close or reset")
    if told.get("after", 0) > chunks:
        raise BadInstructionError(f"after: must be 0..{chunks}, the number of chunks")
    for name in ("status", "chunks", "size"):
        if name in told and cut and "after" not in told:
            raise BadInstructionError(f"{name}: no reply carries it, unless the cut is told to come after")


def _sound_stream(told: Mapping[str, Any]) -> None:
    """Refuse a stream that is none, or that would take too long."""
    if "interval" in told and "chunks" not in told:
        raise BadInstructionError("interval: needs chunks")
    if told.get("interval", 0) * (told.get("chunks", 1) - 1) > LONGEST_STREAM:
        raise BadInstructionError(f"interval: the chunks would take longer than {LONGEST_STREAM:g} s")
    if told.get("status") in BODILESS and ("chunks" in told or "after" in told):
        raise BadInstructionError(f"status: a reply of status {told['status']} has no body to stream")


def _sound_failures(told: Mapping[str, Any]) -> None:
    """Refuse failures that would never happen."""
    if "fail_first" in told and "key" not in told:
        raise BadInstructionError("fail_first: needs key")
    if "fail_with" in told and "fail_first" not in told:
        raise BadInstructionError("fail_with: needs fail_first")


def _sound_choice(told: Mapping[str, Any]) -> None:
    """Refuse a choice of workloads that have nothing to do."""
    if "only" in told and not told.keys() - {"only", "key"}:
        raise BadInstructionError("only: needs something for them to do")


@lru_cache(maxsize=256)
def parse_instructions(query: str, medium: Medium) -> Instructions:
    """Read the instructions in a query.

    Names that are no instructions are somebody else's and are left alone, unless they begin with `probe-`.

    Args:
        query: as in a URL, without the question mark.
        medium: what the call's protocol can do.

    Raises:
        BadInstructionError: names the first instruction that cannot be obeyed.
    """
    told: dict[str, Any] = {}
    for name, text in parse_qsl(query, keep_blank_values=True):
        parse = _FIELDS.get(name)
        if parse is None:
            if name.startswith("probe-"):
                raise BadInstructionError(f"{name}: unknown instruction (known: {', '.join(_FIELDS)})")
            continue
        if name in told:
            raise BadInstructionError(f"{name}: given twice")
        try:
            told[name] = parse(text)
        except ValueError as error:
            raise BadInstructionError(f"{name}: {error}") from None
    _able(told, medium)
    # A call that was told what has no effect would prove nothing.
    for sound in (_sound_cut, _sound_stream, _sound_failures, _sound_choice):
        sound(told)
    close, reset = told.pop("close", False), told.pop("reset", False)
    if told.get("fail_first"):
        told.setdefault("fail_with", medium.failure)
    return Instructions(**told, cut="close" if close else "reset" if reset else None)
