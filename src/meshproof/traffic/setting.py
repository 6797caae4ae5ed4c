"""What every expectation works with: budgets, time, and where evidence goes."""

from collections.abc import Callable
from dataclasses import dataclass

from meshproof.traffic.budgets import Budgets
from meshproof.traffic.clock import Clock, Pace
from meshproof.traffic.evidence import Evidence

NOTHING_YET = "no reply yet"


@dataclass(frozen=True, slots=True)
class Setting:
    """Budgets, time, and where evidence goes.

    Args:
        budgets: how long, how often, how exactly.
        clock: the time.
        record: is handed the evidence of every expectation, held or missed.
    """

    budgets: Budgets
    clock: Clock
    record: Callable[[Evidence], None]

    def pace(self, within: float, *, first: float | None = None) -> Pace:
        """Return the pace of questions until a deadline.

        Args:
            within: seconds from now to the deadline.
            first: seconds between the first two questions, when each of them is several to the API server.
        """
        first = self.budgets.first_pause if first is None else first
        return Pace(
            self.clock,
            within=within,
            first=first,
            longest=max(first, self.budgets.longest_pause),
            growth=self.budgets.pause_growth,
        )
