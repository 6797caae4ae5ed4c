"""What every expectation works with: budgets, time, and where evidence goes."""

from collections.abc import Callable
from dataclasses import dataclass

from meshproof.traffic.budgets import Budgets
from meshproof.traffic.clock import Clock, Pace
from meshproof.traffic.evidence import Evidence

NOTHING_YET = "no reply yet"

LEFT_ALONE = "a call was left without a reply"


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

    def pace(self, within: float, *, first: float | None = None, longest: float | None = None) -> Pace:
        """Return the pace of questions until a deadline.

        Args:
            within: seconds from now to the deadline.
            first: seconds between the first two questions, when each of them is several to the API server.
            longest: seconds up to which the distance grows; the table's when left out.
        """
        first = self.budgets.first_pause if first is None else first
        return Pace(
            self.clock,
            within=within,
            first=first,
            longest=max(first, self.budgets.longest_pause if longest is None else longest),
            growth=self.budgets.pause_growth,
        )
