"""Expectations: they send, judge, and raise what was missed together with its evidence."""

from collections.abc import Callable, Mapping
from typing import TypeVar

from meshproof.traffic.budgets import Budgets
from meshproof.traffic.call import Call
from meshproof.traffic.checks import Check
from meshproof.traffic.clock import Clock, SystemClock
from meshproof.traffic.convergence import converge
from meshproof.traffic.counting import Counts, count_attempts
from meshproof.traffic.evidence import Evidence
from meshproof.traffic.holding import hold, opposite
from meshproof.traffic.looking import look_until
from meshproof.traffic.reply import Reply
from meshproof.traffic.sampling import sample, who_served
from meshproof.traffic.setting import Setting
from meshproof.traffic.timing import ANSWERED, measure

T = TypeVar("T")


class Expect:
    """What a test may expect of the mesh.

    Args:
        budgets: how long, how often, how exactly.
        clock: the time.
        recorder: is handed the evidence of every expectation, held or missed.
    """

    def __init__(
        self,
        budgets: Budgets | None = None,
        clock: Clock | None = None,
        recorder: Callable[[Evidence], None] | None = None,
    ) -> None:
        self._setting = Setting(budgets or Budgets(), clock or SystemClock(), recorder or _forget)

    def converged(
        self, call: Call, check: Check, *, within: float | None = None, in_a_row: int | None = None
    ) -> Evidence:
        """Expect that replies soon pass the check, so many times in a row, without a single miss between.

        By the table's count, the run then goes on until it cannot well be the luck of a mesh that is right
        most of the time; the evidence says what it shows.

        Args:
            call: sent again and again.
            check: of each reply.
            within: deadline in seconds, when the table's does not fit.
            in_a_row: passes, when the table's count does not fit; they are all that is asked for then.

        Raises:
            NotConverged: the deadline passed.
        """
        __tracebackhide__ = True
        return converge(self._setting, call, check, within=within, in_a_row=in_a_row)

    def always(self, call: Call, check: Check, *, for_: float | None = None) -> Evidence:
        """Expect that every reply passes the check, for a stated time.

        Args:
            call: sent again and again.
            check: of each reply.
            for_: seconds, when the table's `hold` does not fit.

        Raises:
            NotKept: a reply missed; at once.
        """
        __tracebackhide__ = True
        return hold(self._setting, call, check, promise="always", seconds=for_)

    def never(self, call: Call, check: Check, *, for_: float | None = None) -> Evidence:
        """Expect that no reply passes the check, for a stated time.

        Only who is answered or turned away can tell: a call that times out, or whose name has no address,
        does not hold the promise.

        Args:
            call: sent again and again.
            check: what must not happen, such as served_by("reviews-v2").
            for_: seconds, when the table's `hold` does not fit.

        Raises:
            NotKept: it happened, or a call told nothing; at once.
        """
        __tracebackhide__ = True
        return hold(self._setting, call, opposite(check), promise="never", seconds=for_)

    def share(
        self, call: Call, shares: Mapping[str, float], *, by: Callable[[Reply], str] = who_served
    ) -> Evidence:
        """Expect that calls are spread by these shares.

        Waits until everyone who answers is among those expected; then takes one sample, large enough for
        the table's alpha and beta, and tests every share exactly. There is no second sample.

        Args:
            call: sent a few thousand times; no bodies are kept.
            shares: fraction by name; together 1. Whoever else answers should have had none.
            by: the name to which a reply counts: the workload that served it, unless told otherwise.

        Raises:
            NotConverged: others kept answering.
            ShareMissed: a share is off by more than chance explains, or the sample could not be finished.
            ValueError: the shares do not add up to 1.
        """
        __tracebackhide__ = True
        return sample(self._setting, call, shares, by)

    def takes(
        self, call: Call, *, floor: Call, most: float, least: float = 0.0, check: Check = ANSWERED
    ) -> Evidence:
        """Expect that a call takes so long, beyond what its path takes by itself.

        Measures the floor of the path and subtracts it, waits until calls are as they should be, then judges
        one sample of them, each of its calls; it is as large as the table's points and beta ask. The table's
        `early` and `late` are the slack.

        Args:
            call: whose duration is judged.
            floor: another call, that goes the same way and that nothing slows, not even by mistake.
            most: seconds; the same as `least` for what takes exactly so long, 0 for what is not slowed.
            least: seconds.
            check: of each reply, besides its duration: that there is one, unless told otherwise.

        Raises:
            NotConverged: calls did not become as they should be.
            DurationMissed: a call of the sample was not.
            MeshproofError: the floor could not be measured, because nobody answered.
            ValueError: the call is its own floor.
        """
        __tracebackhide__ = True
        return measure(self._setting, call, check, least=least, most=most, floor=floor)

    def attempts(self, call: Call, *, at: Counts, exactly: int, check: Check = ANSWERED) -> Evidence:
        """Expect that each call arrives exactly so often: what a proxy tries again arrives again.

        Waits until one call does, then judges one sample, each of its calls.

        Args:
            call: to a probe; each one sent has a key of its own in its query.
            at: the probe that is called; it counts arrivals by key.
            exactly: arrivals of each call.
            check: of each reply, besides: that there is one, unless told otherwise.

        Raises:
            AttemptsMissed: calls arrived more or less often; it says how often.
        """
        __tracebackhide__ = True
        return count_attempts(self._setting, call, check, at=at, exactly=exactly)

    def eventually(
        self,
        look: Callable[[], T],
        check: Callable[[T], str | None],
        *,
        what: str,
        expected: str,
        within: float | None = None,
    ) -> T:
        """Expect that what one looks at soon passes the check, once; return it.

        For what the mesh says of its traffic, which arrives later than the replies: metrics, traces, logs.

        Args:
            look: asks, and returns what is there.
            check: returns None, or why that is not it, in words that do not change from look to look.
            what: is looked at, in words.
            expected: in words.
            within: deadline in seconds, when the table's does not fit.

        Raises:
            NotSeen: the deadline passed.
        """
        __tracebackhide__ = True
        return look_until(self._setting, look, check, what=what, expected=expected, within=within)


def _forget(evidence: Evidence) -> None:
    """Keep nothing, where nobody wants the evidence."""
