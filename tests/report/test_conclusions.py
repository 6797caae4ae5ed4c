"""What may be concluded from tests, and what may not."""

from dataclasses import replace

import pytest

from meshproof.behaviours import Level
from meshproof.errors import MeshproofError
from meshproof.report.build import EVIDENCE_PER_TEST, build_report
from meshproof.report.model import Conclusion, ControlResult
from meshproof.report.outcomes import Result
from meshproof.results import Environment, Node, Verdict

ALL_PASSED = [(id_, "passed") for id_ in ("TM-01", "TM-02", "TM-03", "SE-01")]


def outcome(report, behaviour_id):
    return next(b for b in report.behaviours if b.id == behaviour_id)


def result(report, area, level=Level.CORE):
    levels = next(a.levels for a in report.areas if a.area == area)
    return next(found.result for found in levels if found.level is level)


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        (["passed", "passed"], "passed"),
        (["passed", "failed"], "failed"),
        (["error", "failed"], "failed"),
        (["passed", "error"], "error"),
        (["not offered", "error"], "error"),
        (["passed", "not offered"], "not offered"),
        (["not offered"], "not offered"),
        ([], "planned"),
    ],
)
def test_a_behaviour_has_the_gravest_verdict_of_its_tests(run, catalogue, verdicts, expected):
    report = build_report(run(*(("TM-01", verdict) for verdict in verdicts)), catalogue=catalogue)
    assert outcome(report, "TM-01").verdict == expected


@pytest.mark.parametrize(
    ("istio", "gateway_api", "expected"),
    [
        ("passed", "passed", "passed"),
        ("passed", "not offered", "passed"),
        ("not offered", "passed", "passed"),
        ("passed", "failed", "failed"),
        ("failed", "not offered", "failed"),
        ("error", "not offered", "error"),
        ("not offered", "not offered", "not offered"),
    ],
)
def test_an_api_that_is_not_offered_leaves_the_verdict_to_the_other(
    run, catalogue, istio, gateway_api, expected
):
    tests = [("TM-01", istio, {"api": "istio"}), ("TM-01", gateway_api, {"api": "gateway-api"})]
    found = outcome(build_report(run(*tests), catalogue=catalogue), "TM-01")
    assert found.verdict == expected
    assert found.apis == {"istio": istio, "gateway-api": gateway_api}


def test_what_has_one_way_only_counts_whatever_it_found(run, catalogue):
    tests = [("TM-01", "passed", {"api": "istio"}), ("TM-01", "not offered")]
    assert outcome(build_report(run(*tests), catalogue=catalogue), "TM-01").verdict == "not offered"


def test_a_behaviour_of_which_a_test_did_not_run_is_not_passed(run, catalogue):
    report = build_report(run(*ALL_PASSED, left_out=["TM-02"]), catalogue=catalogue)
    assert outcome(report, "TM-02").verdict is Verdict.NOT_RUN
    assert outcome(report, "TM-02").reason == "1 of 2 tests not run: it was not selected"
    assert report.conclusion is Conclusion.PARTIAL


def test_all_passed_is_conformant(run, catalogue):
    report = build_report(run(*ALL_PASSED), catalogue=catalogue)
    assert report.conclusion is Conclusion.CONFORMANT
    assert report.headline == "Conformant: 4 of 4 behaviours passed"
    assert result(report, "traffic") is Result.SUCCESS
    assert result(report, "traffic", Level.EXTENDED) is Result.SUCCESS


def test_no_tests_prove_nothing(run, catalogue):
    report = build_report(run(left_out=catalogue), catalogue=catalogue)
    assert report.conclusion is Conclusion.NOTHING_PROVEN
    assert report.headline == "Nothing proven: 0 of 4 behaviours passed, 4 not run"
    assert {level.result for area in report.areas for level in area.levels} == {Result.PARTIAL}


def test_only_errors_prove_nothing(run, catalogue):
    report = build_report(run(("TM-01", "error", {"reason": "no cluster"})), catalogue=catalogue)
    assert report.conclusion is Conclusion.NOTHING_PROVEN


def test_a_core_behaviour_that_is_not_offered_makes_it_partial(run, catalogue):
    tests = [*ALL_PASSED[:3], ("SE-01", "not offered", {"reason": "no certificates"})]
    report = build_report(run(*tests), catalogue=catalogue)
    assert result(report, "security") is Result.PARTIAL
    assert report.conclusion is Conclusion.PARTIAL


def test_an_extended_behaviour_that_is_not_offered_leaves_it_conformant_but_proves_nothing_there(
    run, catalogue
):
    tests = [*ALL_PASSED[:2], ("TM-03", "not offered", {"reason": "no CRDs"}), ALL_PASSED[3]]
    report = build_report(run(*tests), catalogue=catalogue)
    assert report.headline == "Conformant: 3 of 4 behaviours passed, 1 not offered"
    assert result(report, "traffic", Level.EXTENDED) is Result.PARTIAL


@pytest.mark.parametrize("left_out", range(4))
def test_a_behaviour_that_did_not_run_makes_it_partial(run, catalogue, left_out):
    tests = [test for number, test in enumerate(ALL_PASSED) if number != left_out]
    report = build_report(run(*tests, left_out=[ALL_PASSED[left_out][0]]), catalogue=catalogue)
    assert report.conclusion is Conclusion.PARTIAL
    assert outcome(report, ALL_PASSED[left_out][0]).reason == "it was not selected"


def test_a_failure_outweighs_all_else(run, catalogue):
    tests = run(("TM-01", "failed", {"reason": "v3 answered"}), left_out=["TM-02", "TM-03", "SE-01"])
    report = build_report(tests, catalogue=catalogue)
    assert report.conclusion is Conclusion.FAILED
    assert result(report, "traffic") is Result.FAILURE
    assert report.headline == "Not conformant: 0 of 4 behaviours passed, 1 failed, 3 not run"


def test_reasons_are_said_once(run, catalogue):
    tests = [("TM-01", "failed", {"reason": "reset"})] * 2 + [("TM-01", "passed")]
    report = build_report(run(*tests), catalogue=catalogue)
    assert outcome(report, "TM-01").reason == "2 of 3 tests failed: reset"
    assert outcome(report, "TM-01").seconds == pytest.approx(4.5)


def test_a_run_that_was_cut_off_is_never_conformant(run, catalogue):
    report = build_report(run(*ALL_PASSED, ended=False, torn="line 7 was cut off"), catalogue=catalogue)
    assert report.conclusion is Conclusion.PARTIAL
    assert report.notes == (
        "The run is not complete: the run was cut off before its end; line 7 was cut off.",
    )
    assert report.ended == max(test.started for b in report.behaviours for test in b.tests)


def test_what_an_interrupted_run_did_not_reach_is_interrupted_and_the_rest_stands(run, catalogue):
    results = run(ALL_PASSED[0], planned=["TM-02"], left_out=["SE-01"], interrupted="Ctrl-C")
    report = build_report(results, catalogue=catalogue)
    assert outcome(report, "TM-01").verdict is Verdict.PASSED
    assert (outcome(report, "TM-02").verdict, outcome(report, "TM-02").reason) == ("interrupted", "Ctrl-C")
    assert (outcome(report, "SE-01").verdict, outcome(report, "SE-01").reason) == (
        "not run",
        "it was not selected",
    )
    assert report.headline == (
        "Partial: 1 of 3 tested behaviours passed, 1 interrupted, 1 not run; "
        "1 more of the catalogue has no test yet"
    )


def test_a_behaviour_of_which_one_test_was_interrupted_is_not_passed(run, catalogue):
    report = build_report(run(*ALL_PASSED, planned=["TM-01"], ended=False), catalogue=catalogue)
    assert outcome(report, "TM-01").verdict is Verdict.INTERRUPTED
    assert result(report, "traffic") is Result.PARTIAL
    assert report.counts.interrupted == 1


def test_a_test_that_was_to_run_and_left_no_verdict_is_not_passed(run, catalogue):
    report = build_report(run(*ALL_PASSED, planned=["TM-01"]), catalogue=catalogue)
    assert (outcome(report, "TM-01").verdict, report.conclusion) == (Verdict.NOT_RUN, Conclusion.PARTIAL)
    assert outcome(report, "TM-01").reason == "1 of 2 tests not run: it left no verdict"


def test_a_behaviour_whose_test_was_not_collected_has_one_all_the_same(run, catalogue):
    results = run(ALL_PASSED[0])
    plan = results.plan.model_copy(update={"tested": ("TM-01", "TM-02")})
    report = build_report(replace(results, plan=plan), catalogue=catalogue)
    assert (outcome(report, "TM-02").verdict, report.conclusion) == (Verdict.NOT_RUN, Conclusion.PARTIAL)
    assert outcome(report, "TM-02").reason == "its test was not collected"


def test_nothing_is_called_planned_when_nobody_knows_which_tests_there_were(run, catalogue):
    results = replace(run(ended=False), plan=None)
    report = build_report(results, catalogue=catalogue)
    assert (report.counts.planned, report.counts.interrupted) == (0, 4)


@pytest.mark.parametrize("left_out", range(4))
def test_a_behaviour_without_a_test_makes_nothing_partial_and_is_named(run, catalogue, left_out):
    tests = [test for number, test in enumerate(ALL_PASSED) if number != left_out]
    report = build_report(run(*tests), catalogue=catalogue)
    assert report.conclusion is Conclusion.CONFORMANT
    assert report.headline == (
        "Conformant: 3 of 3 tested behaviours passed; 1 more of the catalogue has no test yet"
    )
    assert outcome(report, ALL_PASSED[left_out][0]).reason == "no test of it yet"
    assert result(report, "traffic") is Result.SUCCESS


def test_an_area_without_any_test_is_planned_and_neither_a_success_nor_partial(run, catalogue):
    report = build_report(run(*ALL_PASSED[:3]), catalogue=catalogue)
    assert result(report, "security") is Result.PLANNED
    assert (report.counts.tested, report.counts.planned, report.counts.total) == (3, 1, 4)


def test_a_mesh_on_which_only_extended_behaviours_were_tried_is_not_conformant(run, catalogue):
    report = build_report(run(("TM-03", "passed")), catalogue=catalogue)
    assert report.conclusion is Conclusion.PARTIAL


def test_a_run_that_was_taken_up_again_says_so(run, catalogue):
    report = build_report(run(*ALL_PASSED, resumed=2), catalogue=catalogue)
    assert report.conclusion is Conclusion.CONFORMANT
    assert report.notes == (
        "The run was taken up again 2 times; of a test that ran more than once, its last verdict counts.",
    )


def test_a_pass_whose_control_passes_too_fails(run, catalogue):
    control = run(
        ("TM-01", "vacuous", {"reason": "passes anyway"}),
        ("TM-02", "failed as it must"),
        ("TM-03", "error", {"reason": "no cluster"}),
        control=True,
    )
    report = build_report(run(*ALL_PASSED), control=control, catalogue=catalogue)
    assert report.conclusion is Conclusion.FAILED
    withheld = (
        "passed its control (manifests withheld or turned to their opposite), so its pass proves nothing"
    )
    assert outcome(report, "TM-01").reason == withheld
    assert [outcome(report, b).control for b in catalogue] == ["vacuous", "failed as it must", "error", None]
    assert (report.control.failed_as_they_must, report.control.vacuous) == (1, 1)
    assert len(report.control.behaviours) == 3


def test_one_vacuous_test_makes_its_behaviour_vacuous(run, catalogue):
    control = run(("TM-01", "failed as it must"), ("TM-01", "vacuous"), control=True)
    report = build_report(run(*ALL_PASSED), control=control, catalogue=catalogue)
    assert outcome(report, "TM-01").control is Verdict.VACUOUS


def test_long_evidence_is_shortened_and_says_so(run, catalogue):
    report = build_report(run(("TM-01", "failed", {"evidence": "x" * 10_000})), catalogue=catalogue)
    assert (
        outcome(report, "TM-01")
        .tests[0]
        .evidence.endswith(f"\n... {10_000 - EVIDENCE_PER_TEST} more characters")
    )


def test_a_behaviour_that_the_catalogue_lacks_is_refused(run, catalogue):
    with pytest.raises(MeshproofError, match="no behaviour has the id 'ZZ-99'"):
        build_report(run(("ZZ-99", "passed")), catalogue=catalogue)


@pytest.mark.parametrize("control", [True, False])
def test_a_run_and_its_control_cannot_change_places(run, catalogue, control):
    wrong, right = run(control=control), run()
    given = (wrong, None) if control else (right, wrong)
    with pytest.raises(MeshproofError, match="is expected"):
        build_report(given[0], control=given[1], catalogue=catalogue)


@pytest.mark.parametrize(
    ("verdicts", "options", "expected"),
    [
        (["failed as it must", "failed as it must"], {}, ControlResult.SUCCESS),
        (["failed as it must", "not offered"], {}, ControlResult.SUCCESS),
        (["vacuous", "error"], {}, ControlResult.FAILURE),
        (["failed as it must", "error"], {}, ControlResult.ERROR),
        (["failed as it must"], {"interrupted": "Ctrl-C"}, ControlResult.ERROR),
        (["failed as it must"], {"ended": False}, ControlResult.ERROR),
        (["not offered"], {}, ControlResult.NOT_RUN),
        ([], {}, ControlResult.NOT_RUN),
    ],
)
def test_a_control_run_says_one_word(run, catalogue, verdicts, options, expected):
    tests = zip(("TM-01", "SE-01"), verdicts, strict=False)
    report = build_report(run(*ALL_PASSED), control=run(*tests, control=True, **options), catalogue=catalogue)
    assert report.control_result is expected


def test_without_a_control_run_it_is_conformant_and_the_control_not_run(run, catalogue):
    report = build_report(run(*ALL_PASSED), catalogue=catalogue)
    assert (report.conclusion, report.control_result) == (Conclusion.CONFORMANT, ControlResult.NOT_RUN)
    assert report.notes == ()


OTHER_MESHES = {
    "another Istio": {"istio": "1.30.0"},
    "another Kubernetes": {"kubernetes": "v1.33.0"},
    "another proxy": {"proxy_build": "istio"},
    "another profile": {"profile": "ambient"},
    "other nodes": {"nodes": (Node(name="node-9"),)},
}


@pytest.mark.parametrize("other", OTHER_MESHES)
def test_a_control_run_of_another_mesh_is_noted_and_does_not_count(run, catalogue, other):
    results = run(*ALL_PASSED)
    there = results.run.environment.model_copy(update=OTHER_MESHES[other])
    control = run(("TM-01", "vacuous"), ("TM-02", "failed as it must"), control=True, environment=there)
    report = build_report(results, control=control, catalogue=catalogue)
    assert report.conclusion is Conclusion.CONFORMANT
    assert (report.control, report.control_result) == (None, ControlResult.NOT_RUN)
    assert {b.control for b in report.behaviours} == {None}
    (note,) = report.notes
    assert note.startswith("The control run does not count: its Istio, its Kubernetes, its proxies")


def test_the_same_mesh_later_with_other_features_and_images_is_the_same(run, catalogue):
    results = run(*ALL_PASSED)
    later = results.run.environment.model_copy(update={"images": {}, "features": ()})
    control = run(("TM-01", "failed as it must"), control=True, environment=later)
    report = build_report(results, control=control, catalogue=catalogue)
    assert (report.control_result, report.notes) == (ControlResult.SUCCESS, ())


def test_a_control_run_that_never_got_to_a_mesh_is_not_called_one_of_another(run, catalogue):
    control = run(("TM-01", "error"), control=True, environment=Environment())
    report = build_report(run(*ALL_PASSED), control=control, catalogue=catalogue)
    assert report.control_result is ControlResult.ERROR


def test_a_control_that_ended_in_an_error_is_noted(run, catalogue):
    control = run(("TM-01", "error"), ("TM-02", "failed as it must"), ("SE-01", "error"), control=True)
    report = build_report(run(*ALL_PASSED), control=control, catalogue=catalogue)
    assert report.conclusion is Conclusion.CONFORMANT
    assert report.notes == (
        "The control run ended in an error for TM-01, SE-01: that their tests can fail was not shown.",
    )
