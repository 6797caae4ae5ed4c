"""Right answers in a row: how many it takes until they are no luck, and what they show."""

import math

from meshproof.traffic.budgets import Budgets

_ALL_TRIES = 6 / math.pi**2
"""1 over the sum of 1/n² for every n: shares one error rate among any number of tries."""


def calls_to_show(points: float, beta: float) -> int:
    """Return how many right answers it takes: who is off by `points` gives them at a rate of `beta`."""
    return math.ceil(math.log(beta) / math.log(1 - points))


def shown_by(calls: int, beta: float) -> float:
    """Return the fraction of right answers that so many show: who gives fewer gets so far at `beta`."""
    return math.exp(math.log(beta) / calls)


def words_of(calls: int, fraction: float, beta: float) -> str:
    """Return what right answers show, as evidence puts it."""
    return f"{calls} in a row, so right {fraction:.1%} of the time or more (beta {beta:g})"


class Streak:
    """Counts passes in a row, and the runs of them that a miss ended: how many, and the longest one.

    A mesh that is right 95 % of the time gives 20 right answers in a row sooner or later, often at once. So
    a run goes on, without a single miss, until one that is right `1 - points` of the time or less would have
    got that far at a rate of `beta` at most: over all of its tries, because each run that was broken off
    costs the next one more. With the table's 5 points and 0.001 it takes 145 calls, and 172 after one such.

    Args:
        budgets: the deviation to be shown, and the rate at which it may be overlooked.
    """

    def __init__(self, budgets: Budgets) -> None:
        self._points, self._beta = budgets.points, budgets.beta
        self.run = self.lost = self.broken = 0

    @property
    def longest(self) -> int:
        """The longest run, whether it was broken off or not."""
        return max(self.run, self.lost)

    def take(self, *, passed: bool) -> None:
        """Count one more answer."""
        if passed:
            self.run += 1
        else:
            self.broken += self.run > 0
            self.lost = self.longest
            self.run = 0

    def steady(self) -> int:
        """Return the passes in a row that this run has to reach."""
        return calls_to_show(self._points, self._error())

    def shown(self) -> float:
        """Return the fraction of right answers that this run shows: who gives fewer gets so far at `beta`."""
        return shown_by(self.run, self._error()) if self.run else 0.0

    def _error(self) -> float:
        """Return this try's part of the error rate."""
        return self._beta * _ALL_TRIES / (self.broken + 1) ** 2
