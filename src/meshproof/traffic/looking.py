"""What the mesh says of its traffic, which arrives later than the replies."""

from collections import Counter
from collections.abc import Callable
from typing import TypeVar

from meshproof.traffic.evidence import Evidence, ranked
from meshproof.traffic.misses import NotSeen
from meshproof.traffic.setting import NOTHING_YET, Setting

T = TypeVar("T")


def look_until(  # noqa: PLR0913 - what is looked at, in words and as functions
    setting: Setting,
    look: Callable[[], T],
    check: Callable[[T], str | None],
    *,
    what: str,
    expected: str,
    within: float | None = None,
) -> T:
    """Look again and again until what is there passes the check, once; return it.

    Args:
        setting: budgets, time, and where evidence goes.
        look: asks, and returns what is there.
        check: returns None, or why that is not it, in words that do not change from look to look.
        what: is looked at, in words.
        expected: in words.
        within: deadline in seconds; the table's when left out.

    Raises:
        NotSeen: the deadline passed.
    """
    __tracebackhide__ = True
    within = setting.budgets.observe if within is None else within
    misses: Counter[str] = Counter()
    looks = 0
    last = NOTHING_YET
    pace = setting.pace(within)

    def evidence(first_pass: float | None) -> Evidence:
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
        )

    while pace.next():
        found = look()
        looks += 1
        reason = check(found)
        last = "as expected" if reason is None else reason
        if reason is None:
            setting.record(evidence(setting.clock.now()))
            return found
        misses[reason] += 1
    missed = evidence(None)
    setting.record(missed)
    raise NotSeen(f"not seen within {within:g} s ({looks} looks)", missed)
