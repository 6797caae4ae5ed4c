"""What the mesh says of its traffic, which arrives later than the replies."""

from collections import Counter
from collections.abc import Callable
from typing import TypeVar

from meshproof.traffic.evidence import Evidence, ranked
from meshproof.traffic.misses import NotSeen
from meshproof.traffic.setting import NOTHING_YET, Setting
from meshproof.traffic.waiting import Wait, Waited

T = TypeVar("T")


def look_until(  # noqa: PLR0913 - what is looked at, in words and as functions
    setting: Setting,
    look: Callable[[], T],
    check: Callable[[T], str | None],
    *,
    what: str,
    expected: str,
    within: float | None = None,
    at_once: bool = False,
) -> T:
    """Look again and again until what is there passes the check, once; return it.

    Args:
        setting: budgets, time, and where evidence goes.
        look: asks, and returns what is there.
        check: returns None, or why that is not it, in words that do not change from look to look.
        what: is looked at, in words.
        expected: in words.
        within: deadline in seconds; the table's when left out.
        at_once: whether what is there is seen at once, so that a control run gives up as soon as with calls.

    Raises:
        NotSeen: the deadline passed.
    """
    __tracebackhide__ = True
    if within is None:
        within = setting.budgets.converge if at_once else setting.budgets.observe
    misses: Counter[str] = Counter()
    looks = 0
    last = NOTHING_YET
    pace = setting.pace(within)
    wait = Wait(setting.clock)

    def evidence(first_pass: float | None, waited: Waited) -> Evidence:
        return Evidence(
            promise="eventually",
            held=first_pass is not None,
            call=what,
            expected=expected,
            calls=looks,
            seconds=pace.passed(),
            last=last,
            seen=ranked(misses),
            passes=looks - misses.total(),
            first_pass=first_pass,
            waited=waited,
        )

    while pace.next():
        began = setting.clock.now()
        found = look()
        looks += 1
        reason = check(found)
        last = "as expected" if reason is None else reason
        if reason is None:
            now = setting.clock.now()
            wait.judged(now - began)
            setting.record(evidence(now, wait.over()))
            return found
        misses[reason] += 1
        wait.not_yet()
        if at_once and setting.gives_up(pace):
            break
    missed = evidence(None, wait.in_vain())
    setting.record(missed)
    limit = setting.limit(within, pace) if at_once else within
    raise NotSeen(f"not seen within {limit:g} s ({looks} looks)", missed)
