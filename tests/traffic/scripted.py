"""Time that passes only when somebody waits, and a sender that follows a script."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import count

from meshproof.traffic import Answer, Batch, Call, Failure, FailureKind, Reply


class FakeClock:
    def __init__(self):
        self.time = 1000.0
        self.waits = []

    def now(self):
        return self.time

    def wait(self, seconds):
        assert seconds > 0
        self.waits.append(seconds)
        self.time += seconds


@dataclass
class Script:
    """Answers the calls of every batch with the next replies of a script; each batch takes a moment."""

    clock: FakeClock
    replies: Iterable[Reply] | Callable[[int], Reply]
    seconds: float = 0.01
    most: int | None = None
    batches: list[tuple[float, Batch]] = field(default_factory=list)

    def __post_init__(self):
        if callable(self.replies):
            self._next = map(self.replies, count())
        else:
            self._next = iter(self.replies)

    def send(self, call: Call, batch: Batch) -> Answer:  # noqa: ARG002 - a Sender's signature
        self.batches.append((self.clock.now(), batch))
        self.clock.time += self.seconds
        answered = batch.count if self.most is None else min(batch.count, self.most)
        replies = tuple(next(self._next) for _ in range(answered))
        partial = answered < batch.count
        return Answer(replies, partial, f"only {answered} in the script" if partial else "")

    def starts(self) -> list[float]:
        return [start for start, _ in self.batches]

    def call(self, url: str = "http://reviews:9080/reviews/0") -> Call:
        return Call("probe-a", "GET", url, (("end-user", "jason"),), "", 5.0, self)


def served(version: int, status: int = 200) -> Reply:
    workload = f"reviews-v{version}"
    pod = {1: "545db77b95-9xk7p", 2: "6d79f8b5c-2mzqw", 3: "7c6d8b9f4-xp5lt"}[version]
    headers = {
        "x-served-by": f"{workload}-{pod}",
        "x-served-workload": workload,
        "x-served-version": f"v{version}",
    }
    return Reply(status, headers)


def failed(kind: FailureKind, detail: str = "") -> Reply:
    return Reply(None, failure=Failure(kind, detail))


RESET = failed(FailureKind.RESET, "connection reset by peer")


@dataclass
class Keyed:
    """A probe that is called with keys, each call arriving so often; every request takes a moment.

    `late` more of each call arrive half a second after its reply. A sample takes `seconds` for each call, and
    has no more than `most` replies.
    """

    clock: FakeClock
    arrivals: int | Callable[[int], int]
    reply: Reply = field(default_factory=lambda: Reply(200))
    late: int = 0
    seconds: float = 0.0
    most: int | None = None
    name: str = "probe-b"
    requests: list[float] = field(default_factory=list)
    urls: list[str] = field(default_factory=list)
    looks: list[str] = field(default_factory=list)
    sent: list[float] = field(default_factory=list)
    asked: list[tuple[Batch, int, float]] = field(default_factory=list)

    def call(self, url: str = "http://probe-b:8080/?fail_first=2") -> Call:
        return Call("probe-a", "GET", url, (), "", 5.0, self)

    def send(self, call: Call, batch: Batch) -> Answer:
        self._request(1)
        self.urls.append(call.url)
        self.sent.append(self.clock.now())
        return Answer((self.reply,) * batch.count)

    def send_each(
        self, calls: Sequence[Call], batch: Batch, concurrency: int, deadline: float
    ) -> tuple[Answer, ...]:
        self.asked.append((batch, concurrency, deadline))
        self._request(1)
        for call in calls:
            self.clock.time += self.seconds
            self.urls.append(call.url)
            self.sent.append(self.clock.now())
        answered = len(calls) if self.most is None else self.most
        whole, none = Answer((self.reply,)), Answer((), partial=True, reason="the deadline was reached")
        return (whole,) * answered + (none,) * (len(calls) - answered)

    def seen(self, key: str) -> int:
        self._request(2)
        return self._arrived(key)

    def seen_all(self, keys: Sequence[str]) -> list[int]:
        self._request(2)
        return [self._arrived(key) for key in keys]

    def _arrived(self, key: str) -> int:
        (number,) = (number for number, url in enumerate(self.urls) if url.endswith(f"key={key}"))
        self.looks.append(key)
        later = self.clock.now() - self.sent[number] > 0.5
        arrived = self.arrivals(number) if callable(self.arrivals) else self.arrivals
        return arrived + (self.late if later else 0)

    def _request(self, count: int) -> None:
        for _ in range(count):
            self.requests.append(self.clock.now())
            self.clock.time += 0.001
