"""From what the tests found to what is known of each behaviour."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from html import escape

from meshproof.behaviours import CATALOGUE, Area, Behaviour, Level, UnknownBehaviourError
from meshproof.errors import ExitCode, MeshproofError
from meshproof.report.load import Load
from meshproof.report.model import Control, ControlBehaviour, Report
from meshproof.report.outcomes import AreaOutcome, BehaviourOutcome, LevelOutcome, TestOutcome
from meshproof.results import Environment, Results, TestRecord, Verdict, same_mesh, verdict_of

# Bytes that evidence takes of the page, per test and in all: it stays under 5 MB when everything fails.
EVIDENCE_PER_TEST = 6_000
EVIDENCE_IN_ALL = 2_200_000
ROW = 50
"""What the page puts around each line."""
LINE = 600
"""Of a reason or a hint, which are to be one line and may be an exception's whole text."""
LINES = 8
"""How many of those fit into the room of one test's evidence: the page says them in several places."""

_GOOD = (Verdict.PASSED, Verdict.FAILED_AS_IT_MUST)
_NO_TEST = "no test of it yet"
VACUOUS = "passed its control (manifests withheld or turned to their opposite), so its pass proves nothing"
"""Why a behaviour is called failed although its tests passed."""


def build_report(
    results: Results,
    *,
    control: Results | None = None,
    load: Load | None = None,
    notes: Iterable[str] = (),
    catalogue: Mapping[str, Behaviour] = CATALOGUE,
) -> Report:
    """Conclude from the tests what is known of every behaviour of the catalogue.

    Args:
        results: what the run wrote.
        control: what the control run wrote, when there was one; of another mesh it counts for nothing.
        load: the load run's numbers, when there was one.
        notes: what else the reader must know about the record.
        catalogue: the behaviours to report on, those that did not run included.

    Raises:
        MeshproofError: results name a behaviour that the catalogue does not hold, or a control run stands
            where a run is expected or the other way round (exit code 64).
    """
    _expect_kind(results, control=False)
    elsewhere = None
    if control is not None:
        _expect_kind(control, control=True)
        elsewhere = _elsewhere(results, control)
    if elsewhere is not None:
        control = None
    share = EVIDENCE_IN_ALL // max(1, len(results.tests) + (len(control.tests) if control else 0))
    shown = min(EVIDENCE_PER_TEST, share)
    tests = _tests_by_behaviour(results, catalogue, shown)
    control_outcome = None if control is None else _control(control, catalogue, shown)
    control_verdicts = {b.id: b.verdict for b in control_outcome.behaviours} if control_outcome else {}
    outcomes = [
        _behaviour(behaviour, tests[behaviour.id], results, control_verdicts.get(behaviour.id))
        for behaviour in catalogue.values()
    ]
    record_notes = [
        _interruption("The run", results),
        _interruption("The control run", control),
        elsewhere,
        _unshown(control_outcome),
        _resumed(results),
        *notes,
    ]
    return Report(
        run=results.run.run,
        meshproof=results.run.meshproof,
        started=results.run.started,
        ended=results.last_seen,
        interrupted=results.interrupted,
        notes=tuple(note for note in record_notes if note),
        environment=results.run.environment,
        implementation=results.run.implementation,
        options=results.run.options,
        areas=_areas(outcomes),
        control=control_outcome,
        load=load,
    )


def _expect_kind(results: Results, *, control: bool) -> None:
    if results.run.control is not control:
        found, wanted = ("a run", "a control run") if control else ("a control run", "a run")
        raise MeshproofError(
            f"the results of {results.run.run} are those of {found} where {wanted} is expected",
            "name the run's output folder; its control run lies in the folder control there",
            ExitCode.USAGE,
        )


def _elsewhere(results: Results, control: Results) -> str | None:
    """Say why a control run says nothing about this one's tests; one that met no mesh has other notes."""
    here, there = results.run.environment, control.run.environment
    if Environment() in (here, there) or same_mesh(here, there):
        return None
    return (
        "The control run does not count: its Istio, its Kubernetes, its proxies, its profile or its nodes "
        "are not those of the run."
    )


def _interruption(what: str, results: Results | None) -> str | None:
    if results is None or results.interrupted is None:
        return None
    torn = f"; {results.torn}" if results.torn else ""
    return f"{what} is not complete: {results.interrupted}{torn}."


def _unshown(control: Control | None) -> str | None:
    if control is None or not (ids := control.ids(Verdict.ERROR)):
        return None
    return f"The control run ended in an error for {', '.join(ids)}: that their tests can fail was not shown."


def _resumed(results: Results) -> str | None:
    if not results.resumed:
        return None
    times = "once" if results.resumed == 1 else f"{results.resumed} times"
    return f"The run was taken up again {times}; of a test that ran more than once, its last verdict counts."


def _tests_by_behaviour(
    results: Results,
    catalogue: Mapping[str, Behaviour],
    shown: int,
) -> defaultdict[str, list[TestOutcome]]:
    found: defaultdict[str, list[TestOutcome]] = defaultdict(list)
    for test in results.tests:
        found[test.behaviour].append(_outcome(test, shown))
    ran = {test.test for test in results.tests}
    for planned in results.plan.tests if results.plan else ():
        if planned.test not in ran:
            verdict, reason = _untried(results, selected=planned.selected)
            found[planned.behaviour].append(TestOutcome(test=planned.test, verdict=verdict, reason=reason))
    for behaviour_id in found:
        if behaviour_id not in catalogue:
            raise UnknownBehaviourError(behaviour_id, catalogue)
    return found


def _untried(results: Results, *, selected: bool) -> tuple[Verdict, str]:
    """Return what is known of a test that left no line: its turn never came, or nobody asked for it."""
    if not selected:
        return Verdict.NOT_RUN, "it was not selected"
    if results.interrupted is not None:
        return Verdict.INTERRUPTED, results.interrupted
    return Verdict.NOT_RUN, "it left no verdict"


def _outcome(test: TestRecord, shown: int) -> TestOutcome:
    return TestOutcome(
        test=test.test,
        verdict=test.verdict,
        api=test.api,
        seconds=test.seconds,
        reason=_shortened(test.reason, min(LINE, shown // LINES)),
        evidence=_shortened(test.evidence, shown),
        started=test.started,
        hint=_shortened(test.hint, min(LINE, shown // LINES)),
        diagnostics=test.diagnostics,
        propagation=test.propagation,
        shares=test.shares,
        durations=test.durations,
        waited=test.waited,
    )


def _shortened(text: str, room: int) -> str:
    """Cut text that would take more room on the page, in bytes, than it may."""
    taken = len(escape(text).encode()) + ROW * text.count("\n")
    if taken <= room:
        return text
    kept = len(text) * room // taken
    return f"{text[:kept]}\n... {len(text) - kept} more characters"


def _reason(verdict: Verdict, tests: list[TestOutcome]) -> str:
    """Say why a behaviour has its verdict: the distinct reasons of the tests that gave it."""
    if verdict in _GOOD:
        return ""
    concerned = [test for test in tests if test.verdict is verdict]
    why = "; ".join(dict.fromkeys(test.reason for test in concerned if test.reason)) or "no reason was noted"
    said = "ended in an error" if verdict is Verdict.ERROR else verdict
    return why if len(tests) <= 1 else f"{len(concerned)} of {len(tests)} tests {said}: {why}"


def _behaviour(
    behaviour: Behaviour,
    tests: list[TestOutcome],
    results: Results,
    control: Verdict | None,
) -> BehaviourOutcome:
    if tests:
        verdict = verdict_of(tests)
        reason = _reason(verdict, tests)
    elif results.plan is not None and behaviour.id in results.plan.tested:
        verdict, reason = Verdict.NOT_RUN, "its test was not collected"
    elif results.plan is not None:
        verdict, reason = Verdict.PLANNED, _NO_TEST
    else:
        # Nobody knows which tests there were.
        verdict, reason = _untried(results, selected=True)
    if verdict is Verdict.PASSED and control is Verdict.VACUOUS:
        verdict, reason = Verdict.FAILED, VACUOUS
    return BehaviourOutcome(
        id=behaviour.id,
        sentence=behaviour.sentence,
        area=behaviour.area,
        level=behaviour.level,
        features=tuple(sorted(behaviour.features)),
        verdict=verdict,
        reason=reason,
        seconds=sum(test.seconds or 0.0 for test in tests),
        tests=tuple(tests),
        control=control,
    )


def _areas(outcomes: list[BehaviourOutcome]) -> tuple[AreaOutcome, ...]:
    grouped: defaultdict[Area, defaultdict[Level, list[BehaviourOutcome]]]
    grouped = defaultdict(lambda: defaultdict(list))
    for outcome in outcomes:
        grouped[outcome.area][outcome.level].append(outcome)
    return tuple(
        AreaOutcome(
            area=area,
            levels=tuple(
                LevelOutcome(level=level, behaviours=tuple(grouped[area][level]))
                for level in Level
                if level in grouped[area]
            ),
        )
        for area in Area
        if area in grouped
    )


def _control(control: Results, catalogue: Mapping[str, Behaviour], shown: int) -> Control:
    tests = _tests_by_behaviour(control, catalogue, shown)
    return Control(
        run=control.run.run,
        started=control.run.started,
        interrupted=control.interrupted,
        behaviours=tuple(
            ControlBehaviour(
                id=behaviour.id,
                sentence=behaviour.sentence,
                verdict=verdict,
                reason=_reason(verdict, tests[behaviour.id]),
                tests=tuple(tests[behaviour.id]),
            )
            for behaviour in catalogue.values()
            if behaviour.id in tests
            for verdict in [verdict_of(tests[behaviour.id])]
        ),
    )
