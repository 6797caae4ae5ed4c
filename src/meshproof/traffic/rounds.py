"""Rounds of calls of which only so many are let in: once one is as it should be, one more is judged."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from meshproof.traffic.checks import Check
from meshproof.traffic.clock import Pace
from meshproof.traffic.evidence import Evidence, ranked
from meshproof.traffic.misses import Missed
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


@dataclass
class Round:
    """What became of the calls of one round."""

    calls: int = 0
    answers: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    last: str = NOTHING_YET

    def take(self, replies: Sequence[Reply], sent: int, expected: Crowding) -> None:
        """Count the replies to so many calls."""
        self.calls += len(replies)
        self.answers += sum(reply.answered for reply in replies)
        self.kinds.update(expected.kind(reply) for reply in replies)
        if len(replies) < sent:
            self.kinds[LEFT_ALONE] += sent - len(replies)
        if replies:
            self.last = str(replies[-1])


@dataclass(frozen=True)
class Rounds:
    """Which rounds there are, and how they are told.

    Args:
        promise: the expectation's name.
        call: made in each round, in words.
        of: the calls of a round, in words: how many, and what they have in common.
        expected: what should become of them.
        missed: raised when that did not come.
    """

    promise: str
    call: str
    of: str
    expected: Crowding
    missed: type[Missed]


def judge_one_more(setting: Setting, rounds: Rounds, pace: Pace, send: Callable[[float], Round]) -> Evidence:
    """Send rounds until one is as it should be; then judge one more.

    Args:
        setting: budgets, time, and where evidence goes.
        rounds: what they are, and how they are told.
        pace: of the rounds, until the deadline.
        send: makes the calls of one round, within so many seconds.

    Raises:
        Missed: the one that was asked for. No round was so within the deadline, or the judged one was not.
    """
    __tracebackhide__ = True
    wait = Wait(setting.clock)
    seen = Round()
    first_pass: float | None = None
    held = False
    while not held and not (not first_pass and setting.gives_up(pace)) and pace.next():
        began = setting.clock.now()
        seen = send(pace.left() if first_pass is None else setting.budgets.converge)
        ended = setting.clock.now()
        if rounds.expected.met(seen.kinds):
            wait.judged(ended - began)
            held, first_pass = first_pass is not None, first_pass or ended
        elif first_pass is not None:
            break
        else:
            wait.not_yet()
    evidence = Evidence(
        promise=rounds.promise,
        held=held,
        call=rounds.call,
        expected=f"of {rounds.of} {rounds.expected}",
        calls=seen.calls,
        seconds=pace.passed(),
        last=seen.last,
        seen=ranked(seen.kinds),
        passes=seen.kinds[LET_IN] + seen.kinds[REFUSED],
        answers=seen.answers,
        first_pass=first_pass,
        waited=wait.over() if held else wait.in_vain(),
    )
    setting.record(evidence)
    if not held:
        kinds = ", ".join(f"{count} {kind}" for kind, count in evidence.seen) or NOTHING_YET
        raise rounds.missed(f"of {rounds.of}: {kinds}", evidence)
    return evidence
