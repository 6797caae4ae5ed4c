"""A failure, as it is known before anything was looked at."""

from dataclasses import dataclass

from meshproof.diagnose.hop import Hop, parse, row


@dataclass(frozen=True)
class Case:
    """What a test found.

    Args:
        behaviour: its id.
        test: pytest's node id.
        verdict: failed or error.
        reason: one line.
        evidence: lines of `word  text`, as the failure prints them.
        since: when the test began, in seconds since the epoch.
    """

    behaviour: str
    test: str
    verdict: str
    reason: str
    evidence: tuple[str, ...]
    since: float

    @property
    def hop(self) -> Hop | None:
        """Who called whom, if a call is what failed."""
        return parse(row(self.evidence, "call"))
