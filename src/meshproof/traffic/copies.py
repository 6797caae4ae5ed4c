"""Copies of calls that arrive somewhere else: one sample, counted and tested exactly."""

import secrets
from collections import Counter

from meshproof.traffic.call import Batch, Call
from meshproof.traffic.checks import Check
from meshproof.traffic.convergence import converge
from meshproof.traffic.counting import Counts, keyed
from meshproof.traffic.distribution import agreeing, p_value, sample_size
from meshproof.traffic.evidence import Evidence, ShareEvidence, ranked
from meshproof.traffic.misses import ShareMissed
from meshproof.traffic.setting import NOTHING_YET, Setting
from meshproof.traffic.waiting import Wait, Waited

_REQUESTS = 2
"""To the API server for one count: the probe's pods are listed, and one is asked."""


def count_copies(setting: Setting, call: Call, check: Check, *, at: Counts, share: float) -> Evidence:
    """Wait until replies pass; then send one sample, each call of which must, and test how many were copied.

    Args:
        setting: budgets, time, and where evidence goes.
        call: is answered by somebody else.
        check: of each reply; of its status and headers, because no bodies are kept.
        at: the probe where the copies arrive.
        share: of the calls, as a fraction.

    Raises:
        NotConverged: the replies did not pass.
        ShareMissed: a reply of the sample did not, more or fewer copies arrived than chance explains, or the
            sample could not be finished.
    """
    __tracebackhide__ = True
    budgets = setting.budgets
    begun = converge(setting, call, check, in_a_row=budgets.in_a_row)
    n = sample_size(share, points=budgets.points, alpha=budgets.alpha, beta=budgets.beta)
    started = setting.clock.now()
    key = secrets.token_hex(8)
    batch = Batch(n, budgets.sample_concurrency, budgets.sample, body_limit=0)
    answer = call.sender.send(keyed(call, key), batch)
    arrived, waited = _arrived(setting, at, key)
    made = len(answer.replies)
    reasons = [(reply, check(reply)) for reply in answer.replies]
    misses = Counter(reply.without_pod(reason) for reply, reason in reasons if reason is not None)
    within = agreeing(n, share, budgets.alpha)
    copies = ShareEvidence(
        name=f"copies at {at.name}",
        expected=share,
        count=arrived,
        n=n,
        whole=n,
        least=within.least,
        most=within.most,
        p_value=p_value(arrived, n, share) if arrived <= n else 0.0,
        alpha=budgets.alpha,
        beta=budgets.beta,
        points=budgets.points,
    )
    evidence = Evidence(
        promise="copies",
        held=made == n and not misses and copies.held,
        call=str(call),
        expected=f"{check.description}, and {share:.1%} of {n} calls copied to {at.name}"
        f" (alpha {budgets.alpha:g}, beta {budgets.beta:g} at {100 * budgets.points:g} points)",
        calls=made,
        seconds=setting.clock.now() - started,
        last=str(answer.replies[-1]) if made else NOTHING_YET,
        seen=ranked(misses),
        passes=made - misses.total(),
        shares=(copies,),
        answers=sum(reply.answered for reply in answer.replies),
        first_pass=begun.first_pass,
        waited=waited,
    )
    setting.record(evidence)
    if made < n:
        said = f"sample not finished within {budgets.sample:g} s ({made} of {n} calls)"
        raise ShareMissed(said, evidence, answer.reason)
    if misses:
        most, _ = ranked(misses)[0]
        raise ShareMissed(f"copied calls were answered wrong ({misses.total()} of {n}): {most}", evidence)
    if not copies.held:
        raise ShareMissed(
            f"copies of {copies.observed:.1%} of the calls arrived at {at.name}, not of {share:.1%}"
            f" ({n} calls)",
            evidence,
        )
    return evidence


def _arrived(setting: Setting, at: Counts, key: str) -> tuple[int, Waited]:
    """Return how many copies arrived, once two looks in a row see no more of them, and what was waited.

    Nobody waits for a copy's answer: it may arrive after the reply of the call itself.
    """
    pause = _REQUESTS * setting.budgets.first_pause
    pace = setting.pace(setting.budgets.observe, first=pause, longest=pause)
    wait = Wait(setting.clock)
    before, now = -1, at.seen(key)
    pace.pause()
    while now != before and pace.next():
        wait.not_yet()
        before, now = now, at.seen(key)
    return now, wait.over()
