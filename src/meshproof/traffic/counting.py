"""How many attempts a proxy makes of one call."""

import secrets
from collections import Counter
from dataclasses import replace
from typing import Protocol
from urllib.parse import urlsplit, urlunsplit

from meshproof.traffic.call import Batch, Call
from meshproof.traffic.checks import Check
from meshproof.traffic.evidence import Evidence, ranked
from meshproof.traffic.misses import AttemptsMissed
from meshproof.traffic.setting import NOTHING_YET, Setting

_REQUESTS = 4
"""To the API server for one call: it is sent, the probe's pods are listed, up to two of them are asked."""


class Counts(Protocol):
    """Counts the calls that arrive by their key: a probe."""

    name: str

    def seen(self, key: str) -> int:
        """Return how often a call with this key has arrived."""


def keyed(call: Call, key: str) -> Call:
    """Return the call with the key in its query, where probes look for it in every protocol."""
    parts = urlsplit(call.url)
    query = f"{parts.query}&key={key}" if parts.query else f"key={key}"
    return replace(call, url=urlunsplit(parts._replace(query=query)))


def count_attempts(setting: Setting, call: Call, check: Check, *, at: Counts, exactly: int) -> Evidence:
    """Send calls with a key each, until a few in a row pass and arrive exactly so often.

    Those few are counted once more at the end: what arrives late counts too, and is not waited out.

    Args:
        setting: budgets, time, and where evidence goes.
        call: sent with a new key each time.
        check: of each reply.
        at: the probe that is called.
        exactly: arrivals of each call.

    Raises:
        AttemptsMissed: the deadline passed, or a call arrived once more after it had been counted.
    """
    __tracebackhide__ = True
    budgets = setting.budgets
    wanted = "once" if exactly == 1 else f"{exactly} times"
    misses: Counter[str] = Counter()
    run: list[str] = []
    calls = longest = 0
    last = NOTHING_YET
    first_pass = None
    pace = setting.pace(budgets.converge, first=_REQUESTS * budgets.first_pause)
    while len(run) < budgets.keyed and pace.next():
        key = secrets.token_hex(8)
        replies = call.sender.send(keyed(call, key), Batch(1, 1, pace.left(), new_connections=True)).replies
        arrived = at.seen(key)
        reason = check(replies[0]) if replies else NOTHING_YET
        if arrived != exactly:
            reason = f"arrived {_times(arrived)}" + (f" ({reason})" if reason else "")
        calls += 1
        last = reason or f"as expected: arrived {_times(arrived)}, {replies[0]}"
        if reason is not None:
            misses[replies[0].without_pod(reason) if replies else reason] += 1
            run.clear()
            continue
        run.append(key)
        longest = max(longest, len(run))
        first_pass = setting.clock.now() if first_pass is None else first_pass
    held = len(run) == budgets.keyed
    for key in run if held else ():
        pace.pause()
        if (arrived := at.seen(key)) != exactly:
            held, last = False, f"arrived {_times(arrived)}, {arrived - exactly} of them after the reply"
            misses[last] += 1
    evidence = Evidence(
        promise="attempts",
        held=held,
        call=str(call),
        expected=f"{check.description} and arrived {wanted} at {at.name}, {budgets.keyed} calls in a row"
        + ("" if held else f" (longest run: {longest})"),
        calls=calls,
        seconds=pace.passed(),
        last=last,
        seen=ranked(misses),
        passes=calls - misses.total(),
        longest_run=longest,
        first_pass=first_pass,
    )
    setting.record(evidence)
    if not held:
        raise AttemptsMissed(f"not {exactly} attempts of each call ({calls} calls): {last}", evidence)
    return evidence


def _times(count: int) -> str:
    return {0: "never", 1: "once", 2: "twice"}.get(count, f"{count} times")
