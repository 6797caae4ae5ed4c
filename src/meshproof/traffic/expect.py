"""Expectations: they send, judge, and raise what was missed together with its evidence."""

import math
from collections import Counter
from collections.abc import Callable, Mapping
from typing import TypeVar

from meshproof.traffic.budgets import Budgets
from meshproof.traffic.call import Batch, Call
from meshproof.traffic.checks import Check
from meshproof.traffic.clock import Clock, Pace, SystemClock
from meshproof.traffic.distribution import p_value, sample_size
from meshproof.traffic.evidence import Evidence, ShareEvidence, ranked
from meshproof.traffic.misses import NotConverged, NotSeen, ShareMissed
from meshproof.traffic.reply import Reply

T = TypeVar("T")

NOTHING_YET = "no reply yet"


def who_served(reply: Reply) -> str:
    """Return the workload that answered well; else what happened instead."""
    if reply.succeeded and reply.workload:
        return reply.workload
    return reply.without_pod(str(reply))


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
        self._budgets = budgets or Budgets()
        self._clock = clock or SystemClock()
        self._recorder = recorder

    def converged(
        self, call: Call, check: Check, *, within: float | None = None, in_a_row: int | None = None
    ) -> Evidence:
        """Expect that replies soon pass the check, so many times in a row, without a single miss between.

        Args:
            call: sent again and again.
            check: of each reply.
            within: deadline in seconds, when the table's does not fit.
            in_a_row: passes, when the table's count does not fit.

        Raises:
            NotConverged: the deadline passed.
        """
        __tracebackhide__ = True
        within = self._budgets.converge if within is None else within
        wanted = self._budgets.in_a_row if in_a_row is None else in_a_row
        misses: Counter[str] = Counter()
        calls = run = longest = 0
        last = NOTHING_YET
        pace = self._pace(within)
        while run < wanted and pace.next():
            batch = Batch(wanted - run, min(self._budgets.concurrency, wanted - run), pace.left())
            for reply in call.sender.send(call, batch).replies:
                calls += 1
                reason = check(reply)
                if reason is None:
                    run += 1
                    longest = max(longest, run)
                    last = f"as expected: {reply}"
                else:
                    run = 0
                    misses[reply.without_pod(reason)] += 1
                    last = reason
        held = run >= wanted
        expected = f"{check.description}, {wanted} times in a row"
        evidence = Evidence(
            promise="converged",
            held=held,
            call=str(call),
            expected=expected if held else f"{expected} (longest run: {longest})",
            calls=calls,
            seconds=pace.passed(),
            last=last,
            seen=ranked(misses),
            passes=calls - misses.total(),
            longest_run=longest,
        )
        self._record(evidence)
        if not held:
            raise NotConverged(f"not converged within {within:g} s ({calls} calls)", evidence)
        return evidence

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
        if not math.isclose(sum(shares.values()), 1):
            raise ValueError(f"shares add up to {sum(shares.values()):g}, not 1")
        self.converged(
            call,
            Check(
                f"one of {', '.join(shares)}",
                lambda reply: None if shares.get(by(reply)) else f"{reply}",
            ),
        )
        budgets = self._budgets
        # Two shares that add up to 1 are one test; more are several, and all of them share alpha.
        alpha = budgets.alpha if len(shares) <= 2 else budgets.alpha / len(shares)  # noqa: PLR2004 - see above
        n = max(
            sample_size(share, points=budgets.points, alpha=alpha, beta=budgets.beta)
            for share in shares.values()
        )
        started = self._clock.now()
        answer = call.sender.send(call, Batch(n, budgets.sample_concurrency, budgets.sample, body_limit=0))
        counts = Counter(by(reply) for reply in answer.replies)
        made = len(answer.replies)
        tested = self._tested(counts, shares, alpha) if made else ()
        missed = [share for share in tested if not share.held]
        spread = ", ".join(f"{name} {share:.1%}" for name, share in shares.items())
        evidence = Evidence(
            promise="share",
            held=made == n and not missed,
            call=str(call),
            expected=f"{spread} of {n} calls"
            f" (alpha {budgets.alpha:g}, beta {budgets.beta:g} at {100 * budgets.points:g} points)",
            calls=made,
            seconds=self._clock.now() - started,
            last=str(answer.replies[-1]) if made else NOTHING_YET,
            seen=ranked(counts),
            shares=tested,
        )
        self._record(evidence)
        if made < n:
            raise ShareMissed(
                f"sample not finished within {budgets.sample:g} s ({made} of {n} calls)",
                evidence,
                answer.reason,
            )
        if missed:
            worst = min(missed, key=lambda share: share.p_value)
            raise ShareMissed(
                f"share of {worst.name} is {worst.observed:.1%}, not {worst.expected:.1%} ({made} calls)",
                evidence,
            )
        return evidence

    def _tested(
        self, counts: Counter[str], shares: Mapping[str, float], alpha: float
    ) -> tuple[ShareEvidence, ...]:
        n = counts.total()
        return tuple(
            ShareEvidence(
                name=name,
                expected=shares.get(name, 0.0),
                count=counts[name],
                n=n,
                p_value=p_value(counts[name], n, shares.get(name, 0.0)),
                alpha=alpha,
                beta=self._budgets.beta,
                points=self._budgets.points,
            )
            for name in (*shares, *sorted(counts.keys() - shares.keys()))
        )

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
        within = self._budgets.observe if within is None else within
        misses: Counter[str] = Counter()
        looks = 0
        last = NOTHING_YET
        pace = self._pace(within)
        while pace.next():
            found = look()
            looks += 1
            reason = check(found)
            last = "as expected" if reason is None else reason
            if reason is not None:
                misses[reason] += 1
                continue
            self._record(self._looked(what, expected, looks, pace, last, misses))
            return found
        evidence = self._looked(what, expected, looks, pace, last, misses)
        self._record(evidence)
        raise NotSeen(f"not seen within {within:g} s ({looks} looks)", evidence)

    @staticmethod
    def _looked(  # noqa: PLR0913, PLR0917 - the parts of one record
        what: str, expected: str, looks: int, pace: Pace, last: str, misses: Counter[str]
    ) -> Evidence:
        passes = looks - misses.total()
        return Evidence(
            promise="eventually",
            held=passes > 0,
            call=what,
            expected=expected,
            calls=looks,
            seconds=pace.passed(),
            last=last,
            seen=ranked(misses),
            passes=passes,
        )

    def _pace(self, within: float) -> Pace:
        return Pace(
            self._clock,
            within=within,
            first=self._budgets.first_pause,
            longest=self._budgets.longest_pause,
            growth=self._budgets.pause_growth,
        )

    def _record(self, evidence: Evidence) -> None:
        if self._recorder is not None:
            self._recorder(evidence)
