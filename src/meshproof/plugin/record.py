"""From what is known of a test, and what its expectations found, to the line in the results."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime

import pytest

from meshproof.plugin.conclusion import Conclusion
from meshproof.plugin.diagnostics import known_by
from meshproof.plugin.marks import Wanted
from meshproof.plugin.modules import PROPAGATION
from meshproof.redact import redact
from meshproof.results import DurationFound, Propagation, ShareFound, TestRecord, WaitingFound
from meshproof.traffic import Evidence

EVIDENCE = pytest.StashKey[list[Evidence]]()
"""Where a test keeps what its expectations found."""


def evidence_of(item: pytest.Item) -> tuple[Evidence, ...]:
    """Return what a test's expectations found, in the order in which they were judged."""
    found = item.stash.get(EVIDENCE, None)
    return tuple(found or ())


def record(item: pytest.Item, wanted: Wanted, conclusion: Conclusion) -> TestRecord:
    """Return what is recorded of a test that has ended."""
    evidence, known = evidence_of(item), known_by(item)
    lines = [line for one in evidence for line in one.lines()]
    return TestRecord(
        behaviour=wanted.id,
        test=item.nodeid,
        api=wanted.api,
        verdict=conclusion.verdict,
        seconds=conclusion.seconds,
        reason=redact(conclusion.reason, known),
        evidence=redact("\n".join([*lines, *conclusion.after]) or conclusion.evidence, known),
        started=datetime.fromtimestamp(conclusion.started, UTC),
        hint=redact(conclusion.hint, known),
        diagnostics=conclusion.diagnostics,
        propagation=_propagation(item, evidence),
        shares=tuple(ShareFound(**asdict(share)) for one in evidence for share in one.shares),
        durations=tuple(DurationFound(**asdict(took)) for one in evidence for took in one.durations),
        waited=_waited(conclusion, evidence),
    )


def _waited(conclusion: Conclusion, evidence: Sequence[Evidence]) -> WaitingFound:
    """Return what the test waited, for its module's manifests and for what it expected."""
    waited = sum((one.waited for one in evidence), conclusion.waited)
    whole = conclusion.seconds + conclusion.torn_down
    return WaitingFound(seconds=round(waited.seconds, 3), late=round(waited.late, 3), of=round(whole, 3))


def _propagation(item: pytest.Item, evidence: Sequence[Evidence]) -> Propagation | None:
    """Return how long the module's manifests took, up to the first answer that this test expected."""
    module = item.getparent(pytest.Module)
    applied = None if module is None else module.stash.get(PROPAGATION, None)
    if applied is None:
        return None
    passes = [one.first_pass for one in evidence if one.first_pass is not None]
    if not passes:
        return applied.found
    return applied.found.model_copy(update={"answered": max(0.0, min(passes) - applied.at)})
