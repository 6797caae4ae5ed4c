"""Which counts the exact binomial test accepts: the bounds within which a share has to lie."""

import math
from functools import lru_cache

# Counts whose probabilities differ by rounding alone are equally likely, as in the test itself.
_ROUNDING = 1e-7


@lru_cache(maxsize=1024)
def accepted(n: int, expected: float, alpha: float) -> tuple[int, int]:
    """Return the least and the greatest count that agree with an expected share.

    The p-value of a count is the probability of every count that is no more likely than it; the counts
    whose p-value is at least alpha are accepted. Written without scipy, which takes longer to import than
    a whole report may take to make.

    Args:
        n: size of the sample.
        expected: the share, as a fraction.
        alpha: at which the test refuses.
    """
    if expected in {0.0, 1.0}:
        return (0, 0) if expected == 0.0 else (n, n)
    mass = [_mass(count, n, expected) for count in range(n + 1)]
    least_likely_first = sorted(range(n + 1), key=mass.__getitem__)
    ahead = 0
    below = 0.0
    found = []
    for count in least_likely_first:
        while ahead <= n and mass[least_likely_first[ahead]] <= mass[count] * (1 + _ROUNDING):
            below += mass[least_likely_first[ahead]]
            ahead += 1
        if below >= alpha:
            found.append(count)
    return min(found), max(found)


def _mass(count: int, n: int, expected: float) -> float:
    ways = math.lgamma(n + 1) - math.lgamma(count + 1) - math.lgamma(n - count + 1)
    return math.exp(ways + count * math.log(expected) + (n - count) * math.log1p(-expected))
