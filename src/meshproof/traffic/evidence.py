"""What an expectation found, whether it held or not."""

from dataclasses import dataclass

from meshproof.traffic.waiting import NOT_AT_ALL, Waited

_MOST_KINDS = 10


@dataclass(frozen=True, slots=True)
class ShareEvidence:
    """One share of a sample.

    Args:
        name: whose share, such as reviews-v1.
        expected: as a fraction; 0 for what should not have answered at all.
        count: calls that went there, of `n`.
        n: calls that were judged.
        whole: calls that would have been, had fewer not said enough.
        least: the fewest by which it was judged: with which it holds, where every share of the sample did;
            with which the exact test does not refuse it, where one was missed or the sample not finished.
        most: the most by which it was judged, likewise.
        p_value: of the exact binomial test of these calls, two-sided.
        alpha: rate at which a right share is missed, over all looks at the sample.
        beta: rate at which a deviation of `points` is overlooked, over all looks at the sample.
        points: as a fraction.
    """

    name: str
    expected: float
    count: int
    n: int
    whole: int
    least: int
    most: int
    p_value: float
    alpha: float
    beta: float
    points: float

    @property
    def observed(self) -> float:
        """The share that was seen, as a fraction."""
        return self.count / self.n

    @property
    def held(self) -> bool:
        """Whether the sample agrees with the expected share."""
        return self.least <= self.count <= self.most

    def __str__(self) -> str:
        """Return it as a report shows it."""
        return f"{self.name} {self.observed:.1%} of {self.expected:.1%} (p {self.p_value:.2g})"


@dataclass(frozen=True, slots=True)
class DurationEvidence:
    """What calls took beyond the floor of their path, in seconds.

    Args:
        call: in words.
        floor: what the path takes by itself, as measured; it is subtracted from all the others.
        least: the shortest that was allowed, slack included; 0 when any was.
        most: the longest that was allowed, slack included.
        shortest: the shortest that was seen; below 0 when the path was faster than its floor.
        longest: the longest that was seen.
    """

    call: str
    floor: float
    least: float
    most: float
    shortest: float
    longest: float

    def __str__(self) -> str:
        """Return it as a report shows it."""
        return (
            f"{self.shortest:.3f} to {self.longest:.3f} s of {self.least:.3f} to {self.most:.3f} s,"
            f" beyond the path's {self.floor:.3f} s"
        )


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was called, expected and seen.

    Args:
        promise: converged, always, never, share, copies, takes, attempts or eventually.
        held: whether it did.
        call: the call, or what was looked at, in words.
        expected: in words.
        calls: how many were made.
        seconds: how long it took.
        last: what the last one gave.
        seen: every distinct miss and its count; for a share, everyone who answered. The most frequent first.
        passes: calls that were as expected.
        longest_run: of passes in a row.
        shares: of a sample, tested one by one.
        durations: of a sample, each call's bounds and what was seen.
        steady: what the last run of passes shows, in words; empty where that was not asked.
        answers: calls that somebody answered, if only to turn them away; None where no calls were made.
        first_pass: the clock's seconds when the first answer that was as expected was back; None: none was.
        waited: until it held; what was judged is no part of it.
    """

    promise: str
    held: bool
    call: str
    expected: str
    calls: int
    seconds: float
    last: str
    seen: tuple[tuple[str, int], ...] = ()
    passes: int = 0
    longest_run: int = 0
    shares: tuple[ShareEvidence, ...] = ()
    durations: tuple[DurationEvidence, ...] = ()
    steady: str = ""
    answers: int | None = None
    first_pass: float | None = None
    waited: Waited = NOT_AT_ALL

    def lines(self) -> tuple[str, ...]:
        """Return it as lines of `word  text`, the way that a failure prints it."""
        seen = [f"{count}x {text}" for text, count in self.seen[:_MOST_KINDS]]
        if len(self.seen) > _MOST_KINDS:
            seen.append(f"{len(self.seen) - _MOST_KINDS} more kinds")
        if self.held and self.passes:
            seen.insert(0, f"{self.passes}x as expected")
        rows = {
            "call": self.call,
            "expected": self.expected,
            "last": self.last,
            "seen": ", ".join(seen),
            "steady": self.steady,
            "shares": ", ".join(str(share) for share in self.shares),
            "took": ", ".join(str(duration) for duration in self.durations),
        }
        return tuple(f"  {word:<10}{text}" for word, text in rows.items() if text)


def ranked(counts: dict[str, int]) -> tuple[tuple[str, int], ...]:
    """Return counts with the largest first, equal ones by name."""
    return tuple(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
