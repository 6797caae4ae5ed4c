"""Calls made at the same time, of which only so many are let in."""

from collections import Counter
from dataclasses import dataclass

from meshproof.traffic.call import Answer, Batch, Call
from meshproof.traffic.checks import Check
from meshproof.traffic.evidence import Evidence, ranked
from meshproof.traffic.misses import CrowdMissed
from meshproof.traffic.reply import Reply
from meshproof.traffic.setting import LEFT_ALONE, NOTHING_YET, Setting
from meshproof.traffic.waiting import Wait

LET_IN, REFUSED = "let in", "refused"


@dataclass(frozen=True, slots=True)
class Crowding:
    """What should become of calls that are made at the same time.

    Args:
        let_in: of each reply to a call that is let in.
        refused: of each reply to any other.
        least: calls that are let in, at least.
        most: at most.
    """

    let_in: Check
    refused: Check
    least: int
    most: int

    def kind(self, reply: Reply) -> str:
        """Return what became of one call: let in, refused, or else why it is neither."""
        missed = self.let_in(reply)
        if missed is None:
            return LET_IN
        return REFUSED if self.refused(reply) is None else reply.without_pod(missed)

    def met(self, kinds: Counter[str]) -> bool:
        """Return whether a crowd was treated so."""
        only = set(kinds) <= {LET_IN, REFUSED}
        return only and self.least <= kinds[LET_IN] <= self.most and kinds[REFUSED] > 0

    def __str__(self) -> str:
        """Return it as evidence shows it."""
        count = f"{self.least}" if self.least == self.most else f"{self.least} to {self.most}"
        return f"{count} let in ({self.let_in.description}), the others refused ({self.refused.description})"


def crowd(setting: Setting, call: Call, expected: Crowding) -> Evidence:
    """Send crowds until one is treated as it should be; then judge one more.

    Args:
        setting: budgets, time, and where evidence goes.
        call: one that takes its time where it is let in, so that all of a crowd are there together.
        expected: what should become of a crowd.

    Raises:
        CrowdMissed: no crowd was treated so within the deadline, or the one that is judged was not.
    """
    __tracebackhide__ = True
    budgets = setting.budgets
    pace = setting.pace(budgets.converge)
    wait = Wait(setting.clock)
    kinds: Counter[str] = Counter()
    replies: tuple[Reply, ...] = ()
    first_pass: float | None = None
    held = False
    while not held and not (not first_pass and setting.gives_up(pace)) and pace.next():
        began = setting.clock.now()
        replies = _sent(setting, call, pace.left() if first_pass is None else budgets.converge).replies
        ended = setting.clock.now()
        kinds = Counter(expected.kind(reply) for reply in replies)
        if len(replies) < budgets.crowd:
            kinds[LEFT_ALONE] += budgets.crowd - len(replies)
        if expected.met(kinds):
            wait.judged(ended - began)
            held, first_pass = first_pass is not None, first_pass or ended
        elif first_pass is not None:
            break
        else:
            wait.not_yet()
    evidence = Evidence(
        promise="crowd",
        held=held,
        call=str(call),
        expected=f"of {budgets.crowd} calls at the same time {expected}",
        calls=len(replies),
        seconds=pace.passed(),
        last=str(replies[-1]) if replies else NOTHING_YET,
        seen=ranked(kinds),
        passes=kinds[LET_IN] + kinds[REFUSED],
        answers=sum(reply.answered for reply in replies),
        first_pass=first_pass,
        waited=wait.over() if held else wait.in_vain(),
    )
    setting.record(evidence)
    if not held:
        seen = ", ".join(f"{count} {kind}" for kind, count in evidence.seen)
        raise CrowdMissed(f"of {budgets.crowd} calls at the same time: {seen}", evidence)
    return evidence


def _sent(setting: Setting, call: Call, deadline: float) -> Answer:
    size = setting.budgets.crowd
    return call.sender.send(call, Batch(size, size, deadline, new_connections=True))
