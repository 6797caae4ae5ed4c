"""Calls spread by shares: one sample, tested exactly."""

import math
from collections import Counter
from collections.abc import Callable, Mapping

from meshproof.traffic.call import Batch, Call
from meshproof.traffic.checks import Check
from meshproof.traffic.convergence import converge
from meshproof.traffic.distribution import p_value, sample_size
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
        call: sent a few thousand times; no bodies are kept.
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
    known = Check(f"one of {', '.join(shares)}", lambda reply: None if shares.get(by(reply)) else f"{reply}")
    # Without more calls to show steadiness: the sample itself has thousands.
    begun = converge(setting, call, known, in_a_row=budgets.in_a_row)
    # Two shares that add up to 1 are one test; more are several, and all of them share alpha.
    alpha = budgets.alpha if len(shares) <= 2 else budgets.alpha / len(shares)  # noqa: PLR2004 - see above
    connections = call.protocol in BY_CONNECTION
    points = budgets.connection_points if connections else budgets.points
    n = max(sample_size(share, points=points, alpha=alpha, beta=budgets.beta) for share in shares.values())
    started = setting.clock.now()
    batch = Batch(
        n,
        budgets.sample_concurrency,
        budgets.sample,
        new_connections=connections,
        body_limit=0,
    )
    answer = call.sender.send(call, batch)
    counts = Counter(by(reply) for reply in answer.replies)
    made = len(answer.replies)
    tested = _tested(counts, shares, alpha, budgets.beta, points) if made else ()
    missed = [share for share in tested if not share.held]
    spread = ", ".join(f"{name} {share:.1%}" for name, share in shares.items())
    evidence = Evidence(
        promise="share",
        held=made == n and not missed,
        call=str(call),
        expected=f"{spread} of {n} calls"
        f" (alpha {budgets.alpha:g}, beta {budgets.beta:g} at {100 * points:g} points)",
        calls=made,
        seconds=setting.clock.now() - started,
        last=str(answer.replies[-1]) if made else NOTHING_YET,
        seen=ranked(counts),
        shares=tested,
        answers=sum(reply.answered for reply in answer.replies),
        first_pass=begun.first_pass,
    )
    setting.record(evidence)
    if made < n:
        raise ShareMissed(
            f"sample not finished within {budgets.sample:g} s ({made} of {n} calls)", evidence, answer.reason
        )
    if missed:
        worst = min(missed, key=lambda share: share.p_value)
        raise ShareMissed(
            f"share of {worst.name} is {worst.observed:.1%}, not {worst.expected:.1%} ({made} calls)",
            evidence,
        )
    return evidence


def _tested(
    counts: Counter[str], shares: Mapping[str, float], alpha: float, beta: float, points: float
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
            beta=beta,
            points=points,
        )
        for name in (*shares, *sorted(counts.keys() - shares.keys()))
    )
