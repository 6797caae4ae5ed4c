"""How many attempts a proxy makes of one call."""

import secrets
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol
from urllib.parse import urlsplit, urlunsplit

from meshproof.traffic.budgets import Budgets
from meshproof.traffic.call import Batch, Call
from meshproof.traffic.checks import Check
from meshproof.traffic.evidence import Evidence, ranked
from meshproof.traffic.misses import AttemptsMissed
from meshproof.traffic.reply import Reply
from meshproof.traffic.setting import LEFT_ALONE, NOTHING_YET, Setting
from meshproof.traffic.streak import shown_by, words_of
from meshproof.traffic.waiting import Wait, Waited

_REQUESTS = 4
"""To the API server for the first call: it is sent, the probe's pods are listed, up to two of them asked."""


class Counts(Protocol):
    """Counts the calls that arrive by their key: a probe."""

    name: str

    def seen(self, key: str) -> int:
        """Return how often a call with this key has arrived."""

    def seen_all(self, keys: Sequence[str]) -> Sequence[int]:
        """Return how often calls with each of these keys have arrived, in their order."""


def keyed(call: Call, key: str) -> Call:
    """Return the call with the key in its query, where probes look for it in every protocol."""
    parts = urlsplit(call.url)
    query = f"{parts.query}&key={key}" if parts.query else f"key={key}"
    return replace(call, url=urlunsplit(parts._replace(query=query)))


@dataclass
class _Tally:
    """What calls came to, one by one.

    Args:
        check: of each reply.
        exactly: arrivals of each call.
    """

    check: Check
    exactly: int
    calls: int = 0
    passes: int = 0
    answers: int = 0
    last: str = NOTHING_YET
    misses: Counter[str] = field(default_factory=Counter)

    def take(self, reply: Reply | None, arrived: int) -> bool:
        """Count one more call; return whether it was as it should be."""
        reason = LEFT_ALONE if reply is None else self.check(reply)
        if arrived != self.exactly:
            reason = f"arrived {_times(arrived)}" + (f" ({reason})" if reason else "")
        self.calls += 1
        self.answers += reply is not None and reply.answered
        self.passes += reason is None
        self.last = reason or f"as expected: arrived {_times(arrived)}, {reply}"
        if reason is not None:
            self.misses[reply.without_pod(reason) if reply else reason] += 1
        return reason is None


def count_attempts(setting: Setting, call: Call, check: Check, *, at: Counts, exactly: int) -> Evidence:
    """Send calls with a key each until one is as it should be; then judge one sample, every call of it.

    The sample is sent at once and counted once all of it is answered: an attempt that arrives after its
    reply counts if it is there by then, and is not waited for.

    Args:
        setting: budgets, time, and where evidence goes.
        call: sent with a new key each time.
        check: of each reply.
        at: the probe that is called.
        exactly: arrivals of each call.

    Raises:
        AttemptsMissed: no call was as it should be within the deadline, or one of the sample was not.
    """
    __tracebackhide__ = True
    budgets = setting.budgets
    started = setting.clock.now()
    first = _Tally(check, exactly)
    first_pass, waited = _first(setting, call, first, at)
    sample = _Tally(check, exactly)
    if first_pass is not None:
        _take_sample(setting, call, sample, at)
    held = sample.passes == budgets.keyed
    judged = first if first_pass is None else sample
    evidence = Evidence(
        promise="attempts",
        held=held,
        call=str(call),
        expected=f"{check.description} and arrived {_times(exactly)} at {at.name},"
        f" {budgets.keyed} of {budgets.keyed} calls",
        calls=judged.calls,
        seconds=setting.clock.now() - started,
        last=judged.last,
        seen=ranked(judged.misses),
        passes=judged.passes,
        answers=judged.answers,
        steady=words_of(sample.calls, shown_by(sample.calls, budgets.beta), budgets.beta) if held else "",
        first_pass=first_pass,
        waited=waited,
    )
    setting.record(evidence)
    if not held:
        raise AttemptsMissed(_said(judged, budgets), evidence)
    return evidence


def _first(setting: Setting, call: Call, tally: _Tally, at: Counts) -> tuple[float | None, Waited]:
    """Send until a call is as it should be.

    Returns:
        The clock's seconds when it was back, or None; and what was waited. That call is no part of the
        sample, and so counts as waited.
    """
    pace = setting.pace(setting.budgets.converge, first=_REQUESTS * setting.budgets.first_pause)
    wait = Wait(setting.clock)
    while not setting.gives_up(pace) and pace.next():
        key = secrets.token_hex(8)
        replies = call.sender.send(keyed(call, key), Batch(1, 1, pace.left(), new_connections=True)).replies
        ended = setting.clock.now()
        if tally.take(replies[0] if replies else None, at.seen(key)):
            return ended, wait.over()
        wait.not_yet()
    return None, wait.in_vain()


def _take_sample(setting: Setting, call: Call, tally: _Tally, at: Counts) -> None:
    """Send as many calls as the table says, each with a key of its own; then count those that have a reply.

    All of them are one request to the API server, and so are the counts of each pod.
    """
    budgets = setting.budgets
    keys = [secrets.token_hex(8) for _ in range(budgets.keyed)]
    answers = call.sender.send_each(
        [keyed(call, key) for key in keys],
        Batch(1, 1, budgets.sample, new_connections=True),
        budgets.concurrency,
        budgets.sample,
    )
    arrived = at.seen_all(keys)
    for answer, times in zip(answers, arrived, strict=True):
        for reply in answer.replies:
            tally.take(reply, times)


def _said(tally: _Tally, budgets: Budgets) -> str:
    """Return in one line what was missed."""
    if not tally.misses:
        return f"sample not finished within {budgets.sample:g} s ({tally.calls} of {budgets.keyed} calls)"
    most, _ = ranked(tally.misses)[0]
    missed = f"{tally.misses.total()} of {tally.calls} calls"
    return f"not {tally.exactly} attempts of each call ({missed}): {most}"


def _times(count: int) -> str:
    return {0: "never", 1: "once", 2: "twice"}.get(count, f"{count} times")
