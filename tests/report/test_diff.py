"""What changed between two reports, and what is only noise."""

from datetime import UTC, datetime
from itertools import product

import pytest

from meshproof.report.diff import Kind, beyond_noise, compare, kind_of
from meshproof.report.snapshot import Known, Snapshot
from meshproof.results import Verdict

OF_A_RUN = [
    Verdict.PASSED,
    Verdict.FAILED,
    Verdict.NOT_OFFERED,
    Verdict.ERROR,
    Verdict.INTERRUPTED,
    Verdict.NOT_RUN,
    Verdict.PLANNED,
]


def side(behaviours=(), environment=None, propagation=None, control=None):
    return Snapshot(
        source="a",
        date=datetime(2026, 11, 21, tzinfo=UTC),
        conclusion="conformant",
        behaviours=dict(behaviours),
        environment=environment or {},
        propagation=propagation or {},
        control={id_: Verdict(verdict) for id_, verdict in (control or {}).items()},
    )


def passed(seconds=None, **tests):
    return Known(Verdict.PASSED, seconds=seconds, tests=tests)


def changed(before, after):
    found = compare(side(before), side(after))
    return {kind: [change.id for change in changes] for kind, changes in found.verdicts.items() if changes}


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        ("passed", "failed", Kind.REGRESSED),
        ("failed", "passed", Kind.FIXED),
        ("passed", "not offered", Kind.NEWLY_NOT_OFFERED),
        ("failed", "not offered", Kind.NEWLY_NOT_OFFERED),
        ("passed", "error", Kind.NO_LONGER_SHOWN),
        ("passed", "interrupted", Kind.NO_LONGER_SHOWN),
        ("passed", "not run", Kind.NO_LONGER_SHOWN),
        ("passed", "planned", Kind.NO_LONGER_SHOWN),
        ("not offered", "error", Kind.NO_LONGER_SHOWN),
        ("not offered", "passed", Kind.NEWLY_TESTED),
        ("planned", "passed", Kind.NEWLY_TESTED),
        ("planned", "failed", Kind.NEWLY_TESTED),
        ("error", "failed", Kind.NEWLY_TESTED),
        ("planned", "not offered", Kind.CHANGED),
        ("error", "interrupted", Kind.CHANGED),
    ],
)
def test_each_change_of_a_verdict_has_its_kind(before, after, kind):
    assert kind_of(Verdict(before), Verdict(after)) is kind


def test_a_verdict_that_stays_is_no_change_and_every_other_is_one():
    for before, after in product(OF_A_RUN, OF_A_RUN):
        assert (kind_of(before, after) is None) is (before is after)


def test_a_pass_that_is_lost_is_never_overlooked():
    for after in OF_A_RUN[1:]:
        kind = kind_of(Verdict.PASSED, after)
        assert kind in {Kind.REGRESSED, Kind.NEWLY_NOT_OFFERED, Kind.NO_LONGER_SHOWN}


def test_only_a_pass_that_became_a_failure_has_regressed():
    for before, after in product(OF_A_RUN, OF_A_RUN):
        regressed = kind_of(before, after) is Kind.REGRESSED
        assert regressed is ((before, after) == (Verdict.PASSED, Verdict.FAILED))


def test_after_every_pass_that_is_lost_things_are_worse_and_after_nothing_else():
    for before, after in product(OF_A_RUN, OF_A_RUN):
        found = compare(side({"TM-01": Known(before)}), side({"TM-01": Known(after)}))
        assert found.worse is (before is Verdict.PASSED and after is not Verdict.PASSED)


def test_a_pass_that_the_other_report_does_not_know_is_lost():
    found = compare(side({"TM-01": passed()}), side())
    assert ([change.id for change in found.lost], found.worse) == (["TM-01"], True)


@pytest.mark.parametrize(
    ("before", "after", "newly", "no_longer"),
    [
        ("failed as it must", "vacuous", ["TM-01"], []),
        ("vacuous", "failed as it must", [], ["TM-01"]),
        ("vacuous", "vacuous", [], []),
        (None, "vacuous", [], []),  # there was no control run: nobody knew that it could fail
        ("vacuous", None, [], []),  # there is none: nobody knows that it can
        ("failed as it must", None, [], []),
    ],
)
def test_a_proof_is_compared_where_both_control_runs_tried_it(before, after, newly, no_longer):
    sides = [
        side({"TM-01": passed()}, control={"TM-01": verdict} if verdict else None)
        for verdict in (before, after)
    ]
    found = compare(*sides)
    assert not any(found.verdicts.values())
    assert [each.id for each in found.newly_vacuous] == newly
    assert [each.id for each in found.no_longer_vacuous] == no_longer
    assert found.worse is bool(newly)


def test_a_behaviour_that_one_report_does_not_know_counts_as_one_without_a_test():
    known = {"TM-01": passed(), "ZZ-01": passed()}
    assert changed({}, known) == {Kind.NEWLY_TESTED: ["TM-01", "ZZ-01"]}
    assert changed(known, {}) == {Kind.NO_LONGER_SHOWN: ["TM-01", "ZZ-01"]}


def test_a_change_says_the_promise_and_the_reason():
    after = {"TM-01": Known(Verdict.FAILED, reason="v3 answered")}
    (change,) = compare(side({"TM-01": passed()}), side(after)).verdicts[Kind.REGRESSED]
    assert change.sentence == "A route to a subset sends every call to that version of reviews."
    assert (change.before, change.after, change.reason) == ("passed", "failed", "v3 answered")


@pytest.mark.parametrize(
    ("before", "after", "pace", "beyond"),
    [
        (3.0, 9.0, 1.0, True),  # three times as long
        (2.6, 6.9, 1.0, False),  # 2.7 times, and only 4 s: seen in two runs of one suite
        (11.5, 20.4, 1.0, False),  # 9 s, and only 1.8 times: seen, too
        (3.0, 9.0, 1.6, False),  # everything was slower
        (6.0, 12.0, 0.5, False),  # a faster machine makes nothing slower
        (3.0, 9.0, 0.5, True),
        (0.0, 5.0, 1.0, True),
        (3.0, 3.0, 1.0, False),
        (9.0, 3.0, 1.0, False),
    ],
)
def test_slower_takes_twice_as_long_and_five_seconds(before, after, pace, beyond):
    assert beyond_noise(before, after, pace=pace, seconds=5.0) is beyond


def test_only_what_passed_on_both_sides_is_timed():
    failed = Known(Verdict.FAILED, seconds=60.0)
    assert compare(side({"TM-01": passed(1.0)}), side({"TM-01": failed})).slower == ()
    (slower,) = compare(side({"TM-01": passed(1.0)}), side({"TM-01": passed(60.0)})).slower
    assert (slower.what, slower.before, slower.after) == ("TM-01", 1.0, 60.0)


def test_a_test_that_is_new_makes_its_behaviour_no_slower():
    before, after = passed(1.0, first=1.0), passed(41.0, first=1.0, second=40.0)
    assert compare(side({"TM-01": before}), side({"TM-01": after})).slower == ()


def test_what_everything_took_longer_by_is_no_behaviours():
    ids = [f"TM-{n:02d}" for n in range(1, 7)]
    before = {id_: passed(4.0) for id_ in ids}
    after = {id_: passed(12.0) for id_ in ids}
    found = compare(side(before), side(after))
    assert (found.pace, found.slower) == (3.0, ())
    after["TM-01"] = passed(60.0)
    assert [slower.what for slower in compare(side(before), side(after)).slower] == ["TM-01"]


def test_a_few_behaviours_say_nothing_of_the_machine():
    assert compare(side({"TM-01": passed(4.0)}), side({"TM-01": passed(8.0)})).pace is None


def test_configuration_that_takes_twice_as_long_and_a_second_is_slower():
    before, after = {"pushed": 0.2, "answered": 0.2}, {"pushed": 0.9, "answered": 1.3}
    found = compare(side(propagation=before), side(propagation=after)).slower
    assert [slower.what for slower in found] == ["answered"]


def test_what_differs_in_the_environment_is_named():
    before = {"versions": {"Istio": "1.30", "profile": "demo"}, "images": {"image a": "1"}}
    after = {"versions": {"Istio": "1.31", "profile": "demo"}, "images": {"image b": "1"}}
    found = compare(side(environment=before), side(environment=after)).environment
    assert [(fact.name, fact.before, fact.after) for fact in found] == [
        ("Istio", "1.30", "1.31"),
        ("image a", "1", None),
        ("image b", None, "1"),
    ]


def test_what_only_one_report_can_tell_is_no_difference():
    only = {"versions": {"Istio": "1.31"}, "images": {"image a": "1"}}
    assert (
        compare(side(environment=only), side(environment={"versions": {"Istio": "1.31"}})).environment == ()
    )
