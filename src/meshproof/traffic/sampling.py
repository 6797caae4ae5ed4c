"""Calls spread by shares: one sample, tested exactly, of which the first part often says enough."""

import math
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from meshproof.traffic.call import Batch, Call
from meshproof.traffic.checks import Check
from meshproof.traffic.convergence import converge
from meshproof.traffic.distribution import Look, Within, agreeing, looks, p_value
from meshproof.traffic.evidence import Evidence, ShareEvidence, ranked
from meshproof.traffic.misses import ShareMissed
from meshproof.traffic.protocol import Protocol
from meshproof.traffic.reply import Reply
from meshproof.traffic.setting import NOTHING_YET, Setting

BY_CONNECTION = frozenset({Protocol.TCP, Protocol.WEBSOCKET})
"""Where a proxy decides once for each connection: what a kept one carries all goes to one place."""


def who_served(reply: Reply) -> str:
    """Return the workload that answered well; else what happened instead."""
    if reply.succeeded and reply.workload:
        return reply.workload
    return reply.without_pod(str(reply))


def sample(setting: Setting, call: Call, shares: Mapping[str, float], by: Callable[[Reply], str]) -> Evidence:
    """Take one sample, once everyone who answers is among those expected, and test every share.

    Args:
        setting: budgets, time, and where evidence goes.
        call: sent some hundred or thousand times; no bodies are kept.
        shares: fraction by name; together 1. Whoever else answers should have had none.
        by: the name to which a reply counts.

    Raises:
        NotConverged: others kept answering.
        ShareMissed: a share is off by more than chance explains, or the sample could not be finished.
        ValueError: the shares do not add up to 1.
    """
    __tracebackhide__ = True
    if not math.isclose(sum(shares.values()), 1):
        raise ValueError(f"shares add up to {sum(shares.values()):g}, not 1")
    budgets = setting.budgets
    plan = _planned(setting, call, shares)
    known = Check(f"one of {', '.join(shares)}", lambda reply: None if shares.get(by(reply)) else f"{reply}")
    # Without more calls to show steadiness: the sample itself has hundreds.
    begun = converge(setting, call, known, in_a_row=budgets.in_a_row)
    started = setting.clock.now()
    taken = _taken(setting, call, plan, by)
    made = len(taken.replies)
    missed = [share for share in taken.tested if not share.held]
    spread = ", ".join(f"{name} {share:.1%}" for name, share in shares.items())
    evidence = Evidence(
        promise="share",
        held=made == taken.asked and not missed,
        call=str(call),
        expected=f"{spread} of {_calls(taken.asked, plan.whole)}"
        f" (alpha {budgets.alpha:g}, beta {budgets.beta:g} at {100 * plan.points:g} points)",
        calls=made,
        seconds=setting.clock.now() - started,
        last=str(taken.replies[-1]) if made else NOTHING_YET,
        seen=ranked(taken.counts),
        shares=taken.tested,
        answers=sum(reply.answered for reply in taken.replies),
        first_pass=begun.first_pass,
    )
    setting.record(evidence)
    if made < taken.asked:
        raise ShareMissed(
            f"sample not finished within {budgets.sample:g} s ({made} of {taken.asked} calls)",
            evidence,
            taken.reason,
        )
    if missed:
        worst = min(missed, key=lambda share: share.p_value)
        raise ShareMissed(
            f"share of {worst.name} is {worst.observed:.1%}, not {worst.expected:.1%}"
            f" ({worst.count} of {made} calls)",
            evidence,
        )
    return evidence


@dataclass(frozen=True, slots=True)
class _Planned:
    """How a sample is taken and judged.

    Args:
        shares: fraction by name.
        looks: the first part, and the whole.
        alpha: of one share, over both looks.
        beta: of one share, over both looks.
        points: deviation to be shown, as a fraction.
    """

    shares: Mapping[str, float]
    looks: tuple[Look, Look]
    alpha: float
    beta: float
    points: float

    @property
    def whole(self) -> int:
        """Calls, where the first part does not say enough."""
        return self.looks[-1].n


@dataclass(frozen=True, slots=True)
class _Taken:
    """As much of a sample as was needed.

    Args:
        asked: calls that were to be made.
        replies: to those that were.
        counts: of these replies, by name.
        tested: each share, of these replies, by the bounds that decided.
        reason: why calls are missing.
    """

    asked: int
    replies: tuple[Reply, ...]
    counts: Counter[str]
    tested: tuple[ShareEvidence, ...]
    reason: str = ""


def _planned(setting: Setting, call: Call, shares: Mapping[str, float]) -> _Planned:
    budgets = setting.budgets
    # Two shares that add up to 1 are one test; more are several, and all of them share alpha.
    alpha = budgets.alpha if len(shares) <= 2 else budgets.alpha / len(shares)  # noqa: PLR2004 - see above
    points = budgets.connection_points if call.protocol in BY_CONNECTION else budgets.points
    found = looks(tuple(sorted(shares.values())), points=points, alpha=alpha, beta=budgets.beta)
    return _Planned(shares, found, alpha, budgets.beta, points)


def _taken(setting: Setting, call: Call, plan: _Planned, by: Callable[[Reply], str]) -> _Taken:
    """Send the first part; and the rest, unless that is wrong already, or right."""
    pace = setting.pace(setting.budgets.sample)
    replies: tuple[Reply, ...] = ()
    counts: Counter[str] = Counter()
    reason = ""
    for look in plan.looks:
        if pace.over():
            reason = "the first part, which did not say enough, took all of it"
        else:
            batch = Batch(
                look.n - len(replies),
                setting.budgets.sample_concurrency,
                pace.left(),
                new_connections=call.protocol in BY_CONNECTION,
                body_limit=0,
            )
            answer = call.sender.send(call, batch)
            replies += answer.replies
            counts.update(map(by, answer.replies))
            reason = answer.reason
        if len(replies) < look.n:
            found = {share: agreeing(len(replies), share, plan.alpha) for share in plan.shares.values()}
            return _Taken(look.n, replies, counts, _tested(counts, plan, found) if replies else (), reason)
        wanted = plan.shares.items()
        agree = counts.keys() <= plan.shares.keys() and all(
            counts[name] in look.agreeing[share] for name, share in wanted
        )
        if not agree or all(counts[name] in look.right[share] for name, share in wanted):
            within = look.right if agree else look.agreeing
            return _Taken(look.n, replies, counts, _tested(counts, plan, within))
    raise AssertionError("the last look calls every share right or wrong")


def _calls(asked: int, whole: int) -> str:
    return f"{whole} calls" if asked == whole else f"the first {asked} of up to {whole} calls"


def _tested(
    counts: Counter[str], plan: _Planned, within: Mapping[float, Within]
) -> tuple[ShareEvidence, ...]:
    n = counts.total()
    nobody = Within(0, 0)
    names = (*plan.shares, *sorted(counts.keys() - plan.shares.keys()))
    return tuple(
        _share(plan, name, counts[name], n, within[plan.shares[name]] if name in plan.shares else nobody)
        for name in names
    )


def _share(plan: _Planned, name: str, count: int, n: int, within: Within) -> ShareEvidence:
    expected = plan.shares.get(name, 0.0)
    return ShareEvidence(
        name=name,
        expected=expected,
        count=count,
        n=n,
        whole=plan.whole,
        least=within.least,
        most=within.most,
        p_value=p_value(count, n, expected),
        alpha=plan.alpha,
        beta=plan.beta,
        points=plan.points,
    )
