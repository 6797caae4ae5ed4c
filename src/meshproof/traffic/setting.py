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
        give_up: where misses are what is expected, in a control run or of a known failure, seconds from which
            on one of them ends an expectation; None anywhere else.
    """

    budgets: Budgets
    clock: Clock
    record: Callable[[Evidence], None]
    give_up: float | None = None

    @property
    def in_vain(self) -> bool:
        """Whether what is waited for is not thought to come true."""
        return self.give_up is not None

    def gives_up(self, pace: Pace) -> bool:
        """Return whether one looks no more after a miss, where misses are what is expected.

        What is on its way is there by then, see `Budgets.patience`. What is kept after all passes all
        the same: the first look always takes place, each look may take until the table's own deadline, and
        whoever asks this does so after a miss only, so that a run of right answers is never cut short.
        """
        return self.give_up is not None and pace.passed() >= self.give_up

    def limit(self, within: float, pace: Pace) -> float:
        """Return the seconds to be named when what was expected did not come until then."""
        return within if self.give_up is None or pace.over() else self.give_up

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
