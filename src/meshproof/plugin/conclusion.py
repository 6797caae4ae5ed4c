"""What is known of one test, phase by phase."""

import time
from dataclasses import dataclass, replace

import pytest

from meshproof.errors import MeshproofError
from meshproof.results import Verdict
from meshproof.traffic import Evidence, Missed
from meshproof.traffic.waiting import NOT_AT_ALL, Waited

PROVES_NOTHING = "passes without what makes it true, and so proves nothing"
SHOWS_NOTHING = "nobody answered, so the control shows nothing"


@dataclass(frozen=True)
class Conclusion:
    """What is known of one test so far.

    Args:
        verdict: what the test found.
        started: when its own time began, in seconds since the epoch.
        seconds: how long it took up to now: its module's set-up and itself, not what all tests share.
        reason: one line, empty when passed.
        evidence: what an exception said beyond its first line.
        ran: whether the test itself ended, one way or another.
        after: what broke after a verdict that stands, as lines of evidence.
        hint: what probably explains a failure, or empty.
        diagnostics: folder of what was collected after a failure, relative to the output folder, or empty.
        waited: for its module's manifests and their deletion, up to now.
        torn_down: seconds of the tear-down of its module, where that waited.
    """

    verdict: Verdict
    started: float
    seconds: float = 0.0
    reason: str = ""
    evidence: str = ""
    ran: bool = False
    after: tuple[str, ...] = ()
    hint: str = ""
    diagnostics: str = ""
    waited: Waited = NOT_AT_ALL
    torn_down: float = 0.0


def conclude(
    before: Conclusion | None, call: pytest.CallInfo[None], *, shared: float, control: bool
) -> Conclusion:
    """Return what is known after one more phase of a test.

    Only the test itself may pass or fail a behaviour; whatever breaks before or after it is an error, but a
    failure that was seen stays one. In a control run only a missed expectation counts as the failure that is
    wanted, and only one that somebody answered.

    Args:
        before: what was known before this phase; None when this is the first.
        call: what pytest says of the phase.
        shared: seconds of the phase that went into set-up that all tests share.
        control: whether manifests were withheld.
    """
    if before is None:
        before = Conclusion(Verdict.ERROR, call.start + shared, reason="the test did not run")
    own = 0.0 if call.when == "teardown" else max(0.0, call.duration - shared)
    now = replace(before, seconds=before.seconds + own, ran=before.ran or call.when == "call")
    if call.excinfo is not None:
        return _broken(now, call.when, call.excinfo.value, control=control)
    if call.when != "call":
        return now
    if control:
        return replace(now, verdict=Verdict.VACUOUS, reason=PROVES_NOTHING)
    return replace(now, verdict=Verdict.PASSED, reason="")


def _broken(now: Conclusion, when: str, error: BaseException, *, control: bool) -> Conclusion:
    reason, _, evidence = str(error).partition("\n")
    if isinstance(error, pytest.skip.Exception):
        return replace(now, verdict=Verdict.NOT_OFFERED, reason=error.msg or "skipped")
    if when == "call" and control and isinstance(error, Missed) and _unanswered(error.evidence):
        return replace(now, verdict=Verdict.ERROR, reason=f"{SHOWS_NOTHING}: {reason}", evidence=evidence)
    if when == "call" and isinstance(error, Missed):
        verdict = Verdict.FAILED_AS_IT_MUST if control else Verdict.FAILED
        return replace(now, verdict=verdict, reason=reason, evidence=evidence)
    if when == "call" and isinstance(error, AssertionError) and not control:
        said = reason or "an assertion failed"
        return replace(now, verdict=Verdict.FAILED, reason=said, evidence=evidence)
    told = _told(error)
    if when == "teardown" and now.verdict in {Verdict.FAILED, Verdict.VACUOUS}:
        return replace(now, after=(*now.after, f"  {'then':<10}{when}: {told}"))
    where = "" if when == "call" else f"{when}: "
    return replace(now, verdict=Verdict.ERROR, reason=f"{where}{told}", evidence=evidence)


def _unanswered(evidence: Evidence | None) -> bool:
    """Return whether nobody answered a single call; no telemetry is an answer of its own."""
    return evidence is not None and evidence.promise != "eventually" and evidence.answers == 0


def _told(error: BaseException) -> str:
    reason = str(error).partition("\n")[0]
    return reason if isinstance(error, MeshproofError) else f"{type(error).__name__}: {reason}"


class Stopwatch:
    """Counts the time in which it is entered; entered within itself, it counts once."""

    def __init__(self) -> None:
        self._depth = 0
        self._since = 0.0
        self._seconds = 0.0

    def __enter__(self) -> None:
        """Begin to count."""
        if self._depth == 0:
            self._since = time.perf_counter()
        self._depth += 1

    def __exit__(self, *_: object) -> None:
        """Count no more."""
        self._depth -= 1
        if self._depth == 0:
            self._seconds += time.perf_counter() - self._since

    def taken(self) -> float:
        """Return the seconds since this was last asked."""
        seconds, self._seconds = self._seconds, 0.0
        return seconds
