"""After a failure, and before anything is taken down: what explains it is collected, and a hint is given."""

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass

import pytest

from meshproof.diagnose import Case, Scene, examine
from meshproof.diagnose.folder import FAILURES, Folder, claim
from meshproof.plugin.conclusion import Conclusion
from meshproof.plugin.marks import Wanted, wanted_by
from meshproof.redact import redact
from meshproof.results import Verdict
from meshproof.traffic import Evidence, Missed

SCENE = pytest.StashKey[Scene]()
"""Where the run keeps, in its config's stash, the namespace that a diagnosis may look at."""

KNOWN = pytest.StashKey[set[str]]()
"""Secrets that diagnoses of this process came upon, in its config's stash: no record may hold them."""

_ERRORS = pytest.StashKey[dict[str, "Diagnosis"]]()
"""Diagnoses of errors by their reason: what is broken for all tests is looked at once."""


@dataclass(frozen=True)
class Diagnosis:
    """What a diagnosis came to.

    Args:
        folder: of what was collected, relative to the output folder; empty when nothing was kept.
        hint: what probably explains the failure, one line; empty when nothing does.
    """

    folder: str = ""
    hint: str = ""


def diagnose(item: pytest.Item, conclusion: Conclusion, evidence: Iterable[Evidence]) -> Diagnosis:
    """Collect what explains a failed or broken test, while what it ran against is still there.

    Takes 15 s at the most and raises nothing: a verdict does not depend on it. Of any other verdict it knows
    nothing, and returns an empty diagnosis.

    Args:
        item: the test.
        conclusion: its verdict.
        evidence: what its expectations found.
    """
    if conclusion.verdict not in {Verdict.FAILED, Verdict.ERROR}:
        return Diagnosis()
    scene = item.config.stash.get(SCENE, None)
    wanted = wanted_by(item)
    if scene is None or wanted is None:
        return Diagnosis()
    known = item.config.stash.setdefault(_ERRORS, {})
    if conclusion.verdict is Verdict.ERROR and conclusion.reason in known:
        return known[conclusion.reason]
    found = _looked_at(item, wanted, scene, conclusion, tuple(evidence))
    if conclusion.verdict is Verdict.ERROR:
        known[conclusion.reason] = found
    return found


def _looked_at(
    item: pytest.Item, wanted: Wanted, scene: Scene, conclusion: Conclusion, evidence: tuple[Evidence, ...]
) -> Diagnosis:
    output = item.config.getoption("meshproof_output")
    case = Case(
        behaviour=wanted.id,
        test=item.nodeid,
        verdict=str(conclusion.verdict),
        reason=redact(conclusion.reason),
        evidence=_lines(conclusion, evidence),
        since=conclusion.started,
    )
    try:
        path = None if output is None else claim(output, wanted.id)
        found = examine(case, scene, None if path is None else Folder(path))
    except OSError as error:
        # A full disk, for instance; the verdict goes to the results, which have their own word about it.
        return Diagnosis(hint=f"not diagnosed: {error}")
    item.config.stash.setdefault(KNOWN, set()).update(found.secrets)
    if path is None:
        full = "" if output is None else f"{FAILURES} failures of this run were kept before this one"
        return Diagnosis(hint=found.hint or full)
    return Diagnosis(str(path.relative_to(output)), found.hint)


def _lines(conclusion: Conclusion, evidence: tuple[Evidence, ...]) -> tuple[str, ...]:
    """Return the lines of the expectation that was missed, else of the last one, else what pytest knows."""
    missed = [one for one in evidence if not one.held] or list(evidence)
    lines = missed[-1].lines() if missed else tuple(conclusion.evidence.splitlines())
    return tuple(redact(line) for line in lines)


def known_by(item: pytest.Item) -> frozenset[str]:
    """Return the secrets that are known so far in the process that runs the test."""
    return frozenset(item.config.stash.get(KNOWN, ()))


def with_hint(error: Missed, hint: str, known: Iterable[str] = ()) -> None:
    """Let a missed expectation end with the hint when it is printed, and hold no credential.

    Args:
        error: the expectation.
        hint: one line, or nothing.
        known: secrets that are hidden, too.
    """
    text = str(error)
    if hint and not error.hint:
        with contextlib.suppress(AttributeError):  # an exception that forbids it is printed without
            error.hint = hint
        text = f"{text}\n  {'hint':<10}{hint}"
    error.args = (redact(text, known),)
