"""Shares: how large a sample must be, when it is looked at, and which counts agree with what was expected."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist

_LARGEST = 1_000_000
_STEPS = 20
"""Sizes of a first part that are compared: every twentieth of the whole sample."""


@dataclass(frozen=True, slots=True)
class Within:
    """The counts from `least` to `most`, both among them; none where `least` is the larger."""

    least: int
    most: int

    def __contains__(self, count: int) -> bool:
        """Return whether the count is one of them."""
        return self.least <= count <= self.most

    def __and__(self, other: "Within") -> "Within":
        """Return the counts that are in both."""
        return Within(max(self.least, other.least), min(self.most, other.most))


@dataclass(frozen=True, slots=True)
class Look:
    """What the first `n` calls of a sample say of each share, by the share.

    Args:
        n: calls so far.
        agreeing: counts of which none is called wrong.
        right: those of them that are called right. The others need more calls; after the last look none do.
    """

    n: int
    agreeing: Mapping[float, Within]
    right: Mapping[float, Within]


def p_value(count: int, n: int, expected: float) -> float:
    """Return the two-sided p-value of the exact binomial test.

    Args:
        count: calls that went there.
        n: calls in all.
        expected: the share that should have, as a fraction.
    """
    # Imported only here: most expectations need no statistics, and this takes a good part of a second.
    from scipy.stats import binomtest  # noqa: PLC0415

    return float(binomtest(count, n, expected).pvalue)


@lru_cache(maxsize=1024)
def agreeing(n: int, expected: float, alpha: float) -> Within:
    """Return the counts that the exact test, at `alpha`, does not refuse.

    Args:
        n: size of the sample.
        expected: the share, as a fraction.
        alpha: at which the test refuses.
    """
    import numpy as np  # noqa: PLC0415 - with scipy
    from scipy.stats import binom  # noqa: PLC0415 - as above

    mass = binom.pmf(np.arange(n + 1), n, expected)
    order = np.argsort(mass, kind="stable")
    # The p-value of a count: the probability of every count that is no more likely than it. The test itself
    # lets counts whose probabilities differ by rounding alone pass as equally likely; so does this.
    ceiling = np.searchsorted(mass[order], mass[order] * (1 + 1e-7), side="right") - 1
    # Probabilities rise and then fall with the count, so that what is not refused is in one piece.
    left = order[np.cumsum(mass[order])[ceiling] >= alpha]
    return Within(int(left.min()), int(left.max()))


def overlooked(n: int, expected: float, actual: float, alpha: float) -> float:
    """Return the probability that a sample does not show that the share is not the expected one.

    Args:
        n: size of the sample.
        expected: the share that the test is told, as a fraction.
        actual: the share that the mesh really gives.
        alpha: at which the test refuses.
    """
    return _chance(agreeing(n, expected, alpha), n, actual)


def _chance(counts: Within, n: int, actual: float) -> float:
    """Return the probability that a share, as it really is, gets one of these counts of n calls."""
    from scipy.stats import binom  # noqa: PLC0415 - as above

    return max(0.0, float(binom.cdf(counts.most, n, actual) - binom.cdf(counts.least - 1, n, actual)))


@lru_cache(maxsize=64)
def sample_size(expected: float, *, points: float, alpha: float, beta: float) -> int:
    """Return how many calls it takes to test a share.

    The normal approximation says where to look; the exact test decides.

    Args:
        expected: the share, as a fraction.
        points: the deviation to be shown, as a fraction; upwards and downwards, where there is room.
        alpha: rate at which a right share may be called wrong.
        beta: rate at which one that is off by `points` may be called right.
    """
    actual = [share for share in (expected - points, expected + points) if 0 <= share <= 1]
    if not 0 <= expected <= 1 or not actual:
        raise ValueError(f"a share of {expected} with {points} around it is not between 0 and 1")
    n = max(10, int(0.9 * max(_approximate(expected, share, alpha, beta) for share in actual)))
    while n <= _LARGEST and any(overlooked(n, expected, share, alpha) > beta for share in actual):
        n += max(1, n // 200)
    if n > _LARGEST:
        raise ValueError(f"a deviation of {points} takes more than {_LARGEST} calls to show")
    return n


@lru_cache(maxsize=64)
def looks(expected: tuple[float, ...], *, points: float, alpha: float, beta: float) -> tuple[Look, Look]:
    """Return when to look at a sample: with the fewest calls, on average, where its shares are right.

    Each look spends half of both rates. The chance that either errs is at most the sum of the two.

    Args:
        expected: the shares, as fractions that add up to 1.
        points: the deviation to be shown, as a fraction; upwards and downwards, where there is room.
        alpha: rate at which, over both looks, one right share may be called wrong.
        beta: rate at which, over both looks, one that is off by `points` may be called right.
    """
    n = max(sample_size(share, points=points, alpha=alpha / 2, beta=beta / 2) for share in expected)
    whole = {share: agreeing(n, share, alpha / 2) for share in expected}
    tried = []
    for step in range(1, _STEPS):
        first = math.ceil(n * step / _STEPS)
        agree = {share: agreeing(first, share, alpha / 2) for share in expected}
        right = {share: agree[share] & near(first, share, points, beta / 2) for share in expected}
        tried.append(Look(first, agree, right))
    return min(tried, key=lambda look: _calls(look, n, expected)), Look(n, whole, whole)


def near(n: int, expected: float, points: float, beta: float) -> Within:
    """Return the counts between which a share that is off gets at a rate of `beta` at most.

    They lie as far below the share as above it. A small share varies less below, or has no room for `points`
    there: were that used, one that is half of what it should be would be called right after few calls.

    Args:
        n: calls of the sample.
        expected: the share, as a fraction.
        points: the deviation, as a fraction; upwards and downwards, where there is room.
        beta: as a fraction.
    """
    from scipy.stats import binom  # noqa: PLC0415 - as above

    least, most = 0, n
    if expected - points >= 0:
        least = int(binom.isf(beta, n, expected - points)) + 1
    if expected + points <= 1:
        most = int(binom.ppf(beta, n, expected + points))
        if binom.cdf(most, n, expected + points) > beta:
            most -= 1
    # Rounded, so that what is a whole number stays one: both of two shares then have the same bounds.
    both = round(2 * n * expected, 9)
    return Within(max(least, math.ceil(both - most)), min(most, math.floor(both - least)))


def _calls(first: Look, whole: int, expected: tuple[float, ...]) -> float:
    """Return about how many calls a sample takes where its shares are right; of two, one says it all."""
    tested = expected[:1] if len(expected) == 2 else expected  # noqa: PLR2004 - see above
    goes_on = sum(1 - _chance(first.right[share], first.n, share) for share in tested)
    return first.n + (whole - first.n) * min(goes_on, 1.0)


def _approximate(expected: float, actual: float, alpha: float, beta: float) -> float:
    normal = NormalDist()
    spread = normal.inv_cdf(1 - alpha / 2) * math.sqrt(expected * (1 - expected))
    spread += normal.inv_cdf(1 - beta) * math.sqrt(actual * (1 - actual))
    return (spread / (actual - expected)) ** 2
