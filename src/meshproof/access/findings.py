"""What `meshproof doctor` finds: one thing each, whether it is as a run needs it, and what to do if not."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How a thing is."""

    OK = "ok"
    NOTE = "note"  # a run does without it
    MISSING = "missing"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Args:
        name: the thing, as the user would call it.
        state: how it is.
        found: what was seen, a clause.
        next_step: what to do about it, an imperative clause; empty when it is as it should be.
    """

    name: str
    state: State
    found: str
    next_step: str = ""


def ready(findings: Iterable[Finding]) -> bool:
    """Return whether nothing that a run needs is missing."""
    return all(finding.state is not State.MISSING for finding in findings)
