"""What replies came to, one after the other."""

from collections import Counter
from collections.abc import Sequence

from meshproof.traffic.call import Call
from meshproof.traffic.checks import Check
from meshproof.traffic.evidence import Evidence, ranked
from meshproof.traffic.moments import back_at
from meshproof.traffic.reply import Reply
from meshproof.traffic.setting import LEFT_ALONE, NOTHING_YET


class Tally:
    """Counts replies by a check, for the evidence of an expectation.

    Args:
        check: of each reply.
    """

    def __init__(self, check: Check) -> None:
        self._check = check
        self.calls = self.passes = self.answers = 0
        self.misses: Counter[str] = Counter()
        self.last = NOTHING_YET
        self.first_pass: float | None = None

    def take(
        self, replies: Sequence[Reply], number: int, *, at_once: int, began: float, ended: float
    ) -> bool:
        """Count one reply of a batch; return whether it passes.

        Args:
            replies: those of the batch.
            number: of the reply among them.
            at_once: calls of the batch at the same time.
            began: when the batch was sent, in the clock's seconds.
            ended: when it was back.
        """
        reply = replies[number]
        reason = self._check(reply)
        self.calls += 1
        self.answers += reply.answered
        self.last = f"as expected: {reply}" if reason is None else reason
        if reason is not None:
            self.misses[reply.without_pod(reason)] += 1
            return False
        self.passes += 1
        if self.first_pass is None:
            self.first_pass = back_at(replies, number, at_once=at_once, began=began, ended=ended)
        return True

    def lack(self, calls: int, reason: str) -> None:
        """Count calls that were left without a reply as misses.

        Args:
            calls: how many.
            reason: what their sender says of it; may be empty.
        """
        self.last = reason or LEFT_ALONE
        self.misses[self.last] += calls

    def evidence(self, promise: str, call: Call, expected: str, *, held: bool, seconds: float) -> Evidence:
        """Return what is known of the promise, as the evidence of one expectation.

        Args:
            promise: the expectation's name.
            call: that was sent.
            expected: of it, in words.
            held: whether it was so.
            seconds: that it took.
        """
        return Evidence(
            promise=promise,
            held=held,
            call=str(call),
            expected=expected,
            calls=self.calls,
            seconds=seconds,
            last=self.last,
            seen=ranked(self.misses),
            passes=self.passes,
            answers=self.answers,
            first_pass=self.first_pass,
        )
