"""Right answers in a row: how many it takes until they are no luck, and what they show."""

import math

from meshproof.traffic.budgets import Budgets

_ALL_TRIES = 6 / math.pi**2
"""1 over the sum of 1/n² for every n: shares one error rate among any number of tries."""


class Streak:
    """Counts passes in a row, and the runs of them that a miss ended.

    A mesh that is right 95 % of the time gives 20 right answers in a row sooner or later, often at once. So
    a run goes on, without a single miss, until one that is right `1 - points` of the time or less would have
    got that far at a rate of `beta` at most: over all of its tries, because each run that was broken off
    costs the next one more. With the table's 5 points and 0.001 it takes 145 calls, and 172 after one such.

    Args:
        budgets: the deviation to be shown, and the rate at which it may be overlooked.
    """

    def __init__(self, budgets: Budgets) -> None:
        self._points, self._beta = budgets.points, budgets.beta
        self.run = self.longest = self.broken = 0

    def take(self, *, passed: bool) -> None:
        """Count one more answer."""
        if passed:
            self.run += 1
            self.longest = max(self.longest, self.run)
        else:
            self.broken += self.run > 0
            self.run = 0

    def steady(self) -> int:
        """Return the passes in a row that this run has to reach."""
        return math.ceil(math.log(self._error()) / math.log(1 - self._points))

    def shown(self) -> float:
        """Return the fraction of right answers that this run shows: who gives fewer gets so far at `beta`."""
        return math.exp(math.log(self._error()) / self.run) if self.run else 0.0

    def _error(self) -> float:
        """Return this try's part of the error rate."""
        return self._beta * _ALL_TRIES / (self.broken + 1) ** 2
