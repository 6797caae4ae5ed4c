"""How an expectation fails: one type per cause, each with its evidence."""

from meshproof.traffic.evidence import Evidence


class Missed(AssertionError):
    """The mesh did not do what was expected of it.

    Args:
        summary: one line: what was missed.
        evidence: what was called, expected and seen.
        hint: what probably explains it, when something does.
    """

    # Python names the module of an exception unless it is a built-in; a failure is to begin with its cause.
    __module__ = "builtins"

    def __init__(self, summary: str, evidence: Evidence | None = None, hint: str = "") -> None:
        lines = evidence.lines() if evidence else ()
        super().__init__("\n".join([summary, *lines, *([f"  {'hint':<10}{hint}"] if hint else [])]))
        self.summary = summary
        self.evidence = evidence
        self.hint = hint


class NotConverged(Missed):
    """The answers were not right so many times in a row within the deadline."""

    __module__ = "builtins"


class ShareMissed(Missed):
    """A share differs from the expected one by more than chance explains, or its sample is incomplete."""

    __module__ = "builtins"


class NotKept(Missed):
    """What should have held for a stated time did not, at least once."""

    __module__ = "builtins"


class DurationMissed(Missed):
    """Calls took more or less, beyond the floor of their path, than they may."""

    __module__ = "builtins"


class AttemptsMissed(Missed):
    """A call did not arrive as often as it should have."""

    __module__ = "builtins"


class CrowdMissed(Missed):
    """Of the calls made at the same time more or fewer were let in, or others not refused as must be."""

    __module__ = "builtins"


class AllowanceMissed(Missed):
    """Of calls that share an allowance more or fewer were let in, or others not refused as they should be."""

    __module__ = "builtins"


class NotSeen(Missed):
    """What was looked for did not appear within the deadline."""

    __module__ = "builtins"
