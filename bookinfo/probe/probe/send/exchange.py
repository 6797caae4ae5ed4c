"""One request and its reply, where a connection carries many at once: HTTP/2 and HTTP/3."""

import asyncio
from collections.abc import Callable, Iterable, Sequence

from probe.failures import CallFailedError, Failure

Pairs = Sequence[tuple[str, str]]


def fail(future: asyncio.Future[None], why: Failure | Exception) -> None:
    """End a future with a failure, unless it has ended."""
    if not future.done():
        future.set_exception(CallFailedError(why) if isinstance(why, Failure) else why)
        future.exception()  # seen: nobody may be waiting any more


def texts(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[str, str]]:
    """Return headers as they came over the wire, as text."""
    return [(name.decode("utf-8", "replace"), value.decode("utf-8", "replace")) for name, value in headers]


class Exchange:
    """One request and what comes back on its stream.

    Args:
        number: of the stream.
        on_data: takes each piece of the body as it comes.

    `headers` and `trailers` come with their names in lower case; `done` ends with the reply or its failure.
    """

    __slots__ = ("done", "ended_here", "headers", "number", "on_data", "status", "trailers")

    def __init__(self, number: int, on_data: Callable[[bytes], None], done: asyncio.Future[None]) -> None:
        self.number = number
        self.on_data = on_data
        self.done = done
        self.status: int | None = None
        self.headers: list[tuple[str, str]] = []
        self.trailers: list[tuple[str, str]] = []
        self.ended_here = False

    @property
    def complete(self) -> bool:
        """Whether nothing is left to be said on its stream: both sides have ended it."""
        return self.ended_here and self.done.done() and not self.done.cancelled()

    def take_head(self, headers: Iterable[tuple[bytes, bytes]]) -> None:
        """Note the reply's status and headers."""
        pairs = texts(headers)
        self.status = int(pairs[0][1])
        self.headers = [pair for pair in pairs if not pair[0].startswith(":")]

    def take_trailers(self, headers: Iterable[tuple[bytes, bytes]]) -> None:
        """Note the headers behind the body."""
        self.trailers = texts(headers)

    def take_data(self, data: bytes) -> None:
        """Take a piece of the reply's body."""
        if not self.done.done():
            try:
                self.on_data(data)
            except CallFailedError as error:
                self.fail(error.failure or error)

    def end(self) -> None:
        """Note that the reply is complete, unless the exchange has ended."""
        if not self.done.done():
            self.done.set_result(None)

    def fail(self, why: Failure | Exception) -> None:
        """End the exchange with a failure, unless it has ended."""
        fail(self.done, why)
