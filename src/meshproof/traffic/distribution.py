"""Shares: how large a sample must be, and whether one agrees with what was expected."""

import math
from functools import lru_cache
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LARGEST = 1_000_000


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


def _refused(n: int, expected: float, alpha: float) -> "NDArray[Any]":
    """Return for each count from 0 to n whether the test, at `alpha`, refuses it."""
    import numpy as np  # noqa: PLC0415 - with scipy
    from scipy.stats import binom  # noqa: PLC0415 - as above

    mass = binom.pmf(np.arange(n + 1), n, expected)
    order = np.argsort(mass, kind="stable")
    p_values = np.empty(n + 1)
    # The p-value of a count: the probability of every count that is no more likely than it. The test itself
    # lets counts whose probabilities differ by rounding alone pass as equally likely; so does this.
    ceiling = np.searchsorted(mass[order], mass[order] * (1 + 1e-7), side="right") - 1
    p_values[order] = np.cumsum(mass[order])[ceiling]
    return p_values < alpha


def overlooked(n: int, expected: float, actual: float, alpha: float) -> float:
    """Return the probability that a sample does not show that the share is not the expected one.

    Args:
        n: size of the sample.
        expected: the share that the test is told, as a fraction.
        actual: the share that the mesh really gives.
        alpha: at which the test refuses.
    """
    import numpy as np  # noqa: PLC0415 - with scipy
    from scipy.stats import binom  # noqa: PLC0415 - as above

    mass = binom.pmf(np.arange(n + 1), n, actual)
    return float(mass[~_refused(n, expected, alpha)].sum())


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


def _approximate(expected: float, actual: float, alpha: float, beta: float) -> float:
    normal = NormalDist()
    spread = normal.inv_cdf(1 - alpha / 2) * math.sqrt(expected * (1 - expected))
    spread += normal.inv_cdf(1 - beta) * math.sqrt(actual * (1 - actual))
    return (spread / (actual - expected)) ** 2
