"""Expectations: they send, judge, and raise what was missed together with its evidence."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TypeVar

from meshproof.traffic.allowing import allow
from meshproof.traffic.budgets import Budgets
from meshproof.traffic.call import Call
from meshproof.traffic.checks import Check
from meshproof.traffic.clock import Clock, SystemClock
from meshproof.traffic.convergence import converge
from meshproof.traffic.copies import count_copies
from meshproof.traffic.counting import Counts, count_attempts
from meshproof.traffic.crowding import crowd
from meshproof.traffic.evidence import Evidence
from meshproof.traffic.grouping import judge_group
from meshproof.traffic.holding import hold, opposite
from meshproof.traffic.lasting import last
from meshproof.traffic.looking import look_until
from meshproof.traffic.reply import Reply
from meshproof.traffic.rounds import Crowding
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
        give_up: where misses are what is expected, seconds from which on one ends an expectation; else None.
    """

    def __init__(
        self,
        budgets: Budgets | None = None,
        clock: Clock | None = None,
        recorder: Callable[[Evidence], None] | None = None,
        *,
        give_up: float | None = None,
    ) -> None:
        self._setting = Setting(budgets or Budgets(), clock or SystemClock(), recorder or _forget, give_up)

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

    def throughout(
        self, call: Call, check: Check, *, new_connections: bool = False
    ) -> AbstractContextManager[None]:
        """Expect that every reply of a steady load passes the check, while something is done within.

        Args:
            call: sent as often in a second as the table's `load` says.
            check: of each reply.
            new_connections: whether each call has one of its own; they are kept unless it does.

        Raises:
            NotKept: a reply missed, or a call was left without one; what is done within is finished first.
        """
        return last(self._setting, call, check, new_connections=new_connections)

    def group(self, call: Call, check: Callable[[Sequence[Reply]], str | None], *, expected: str) -> Evidence:
        """Expect that a group of calls is soon as it should be, taken together.

        For what one call cannot tell, such as how many backends serve.

        Args:
            call: sent as often as the table says, each by a connection of its own; no bodies are kept.
            check: of all replies of a group, in the order of their calls; returns None, or why it is not so,
                in words that do not change from group to group.
            expected: in words.

        Raises:
            NotConverged: no group was within the deadline.
        """
        __tracebackhide__ = True
        return judge_group(self._setting, call, check, expected=expected)

    def share(
        self, call: Call, shares: Mapping[str, float], *, by: Callable[[Reply], str] = who_served
    ) -> Evidence:
        """Expect that calls are spread by these shares.

        Waits until everyone who answers is among those expected; then takes one sample, large enough for
        the table's alpha and beta, and tests every share exactly: after its first part, and where that does
        not say enough, once more as a whole. There is no second sample.

        Args:
            call: sent hundreds or thousands of times; no bodies are kept. Of TCP and WebSocket each has a
                connection of its own.
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

    def copies(self, call: Call, *, at: Counts, share: float, check: Check) -> Evidence:
        """Expect that this share of the calls arrives at another probe, too, as copies that nobody answers.

        Waits until replies pass the check; then sends one sample, as `share` does, each call of which must,
        counts what arrived at the other probe, and tests that exactly.

        Args:
            call: to a probe, sent a few thousand times; no bodies are kept.
            at: the probe where the copies arrive; it counts arrivals by key.
            share: of the calls, as a fraction; 1 for each of them.
            check: of each reply, by its status and headers.

        Raises:
            NotConverged: the replies did not pass.
            ShareMissed: one of the sample did not, or more or fewer copies came than chance explains.
        """
        __tracebackhide__ = True
        return count_copies(self._setting, call, check, at=at, share=share)

    def crowd(
        self, call: Call, *, let_in: Check, refused: Check, most: int, least: int | None = None
    ) -> Evidence:
        """Expect that of many calls at the same time only so many are let in, and all others refused.

        Sends crowds, as large as the table says, until one is treated so; then judges one more.

        Args:
            call: one that takes its time where it is let in, so that all of a crowd are there together.
            let_in: of each reply to a call that is let in.
            refused: of each reply to any other.
            most: calls that are let in.
            least: calls that are let in at least, where that may be fewer; at least one is refused.

        Raises:
            CrowdMissed: more or fewer were let in, or one was neither let in nor refused.
        """
        __tracebackhide__ = True
        expected = Crowding(let_in, refused, most if least is None else least, most)
        return crowd(self._setting, call, expected)

    def allowance(self, *calls: Call, per: str, let_in: Check, refused: Check, exactly: int) -> Evidence:
        """Expect that of calls with the same value of a header exactly so many are let in, no more.

        Uses up allowances until one is so; then judges one more. Each has a value of its own, so that nobody
        waits until one is refilled.

        Args:
            calls: of one caller, or of several who share it and call by turns.
            per: name of the header.
            let_in: of each reply to a call that is let in.
            refused: of each reply to any other.
            exactly: calls that are let in.

        Raises:
            AllowanceMissed: more or fewer were let in, or one was neither let in nor refused.
        """
        __tracebackhide__ = True
        return allow(self._setting, calls, per, Crowding(let_in, refused, exactly, exactly))

    def eventually(  # noqa: PLR0913 - what is looked at, in words and as functions
        self,
        look: Callable[[], T],
        check: Callable[[T], str | None],
        *,
        what: str,
        expected: str,
        within: float | None = None,
        at_once: bool = False,
    ) -> T:
        """Expect that what one looks at soon passes the check, once; return it.

        For what the mesh says of its traffic, which arrives later than the replies: metrics, traces, logs.
        And, with `at_once`, for what can be seen as soon as it is so: pods, the status of an object, the
        configuration of a proxy. Its deadline is that of answers, and a control run gives up on it as soon.

        Args:
            look: asks, and returns what is there.
            check: returns None, or why that is not it, in words that do not change from look to look.
            what: is looked at, in words.
            expected: in words.
            within: deadline in seconds, when the table's does not fit.
            at_once: whether a look shows what is so now, and not what was so a while ago.

        Raises:
            NotSeen: the deadline passed.
        """
        __tracebackhide__ = True
        return look_until(
            self._setting, look, check, what=what, expected=expected, within=within, at_once=at_once
        )


def _forget(evidence: Evidence) -> None:
    """Keep nothing, where nobody wants the evidence."""
