"""The catalogue: 121 promises, each said once, under an id that tells its area."""

import re

import pytest

from meshproof.behaviours import (
    CATALOGUE,
    FEATURES,
    Area,
    Behaviour,
    Level,
    UnknownBehaviourError,
    check_overrides,
    lookup,
)
from meshproof.behaviours.catalogue import catalogue
from meshproof.errors import ExitCode, MeshproofError

IDS_BY_AREA = {
    Area.BOOKINFO: ("BI", 1),
    Area.CONTROL_PLANE: ("CP", 9),
    Area.INGRESS: ("IN", 11),
    Area.TRAFFIC: ("TM", 20),
    Area.RESILIENCE: ("RS", 14),
    Area.SECURITY: ("SE", 20),
    Area.OBSERVABILITY: ("OB", 17),
    Area.EGRESS: ("EG", 8),
    Area.EXTENSIBILITY: ("EX", 5),
    Area.LIFECYCLE: ("UP", 8),
    Area.PLATFORM: ("PF", 8),
}

DISRUPTIVE = {
    "CP-06", "CP-07", "CP-08", "RS-12", "SE-06", "SE-09", "SE-10",
    "UP-01", "UP-02", "UP-03", "UP-04", "UP-05", "UP-06", "UP-07", "UP-08",
}  # fmt: skip
"""What cannot be tried without a change to the mesh itself: never run on somebody's mesh unless asked for."""


def test_every_id_is_there_in_the_order_of_areas_and_numbers():
    expected = [
        (f"{prefix}-{number:02}", area)
        for area, (prefix, count) in IDS_BY_AREA.items()
        for number in range(1, count + 1)
    ]
    assert [(behaviour.id, behaviour.area) for behaviour in CATALOGUE.values()] == expected
    assert len(expected) == 121
    assert list(IDS_BY_AREA) == list(Area)


@pytest.mark.parametrize("behaviour", CATALOGUE.values(), ids=lambda b: b.id)
def test_every_behaviour_is_a_promise_in_one_sentence(behaviour):
    assert re.fullmatch(r"[A-Zg].{20,110}[^.]\.", behaviour.sentence)
    assert "|" not in behaviour.sentence


def test_no_promise_is_made_twice():
    assert len({behaviour.sentence for behaviour in CATALOGUE.values()}) == len(CATALOGUE)


@pytest.mark.parametrize("behaviour", CATALOGUE.values(), ids=lambda b: b.id)
def test_an_extended_behaviour_names_the_feature_that_a_mesh_may_lack(behaviour):
    assert behaviour.features or behaviour.level is not Level.EXTENDED


def test_a_core_behaviour_needs_nothing_that_a_mesh_may_lack_but_a_way_in():
    needing = {b.id: b.features for b in CATALOGUE.values() if b.level is Level.CORE and b.features}
    assert needing == {"BI-01": {"ingress"}}


def test_what_changes_the_mesh_is_disruptive_and_nothing_else():
    assert {b.id for b in CATALOGUE.values() if b.level is Level.DISRUPTIVE} == DISRUPTIVE


@pytest.mark.parametrize(("name", "sentence"), FEATURES.items(), ids=list(FEATURES))
def test_every_feature_has_a_name_for_the_command_line_and_a_sentence(name, sentence):
    assert re.fullmatch(r"[a-z][a-z0-9-]+", name)
    assert re.fullmatch(r"[A-Z].{15,90}[^.]\.", sentence)
    assert "|" not in sentence


def test_overrides_are_checked_against_the_catalogue_without_a_cluster():
    check_overrides(FEATURES, ())
    check_overrides((), FEATURES)
    with pytest.raises(MeshproofError, match="--exempt trcing names no feature; use tracing or ") as raised:
        check_overrides(["kiali"], ["trcing"])
    assert raised.value.exit_code is ExitCode.USAGE


def test_lookup_returns_the_behaviour():
    assert lookup("TM-02").area is Area.TRAFFIC


@pytest.mark.parametrize(
    ("unknown", "advice"),
    [
        ("TM-2", "use TM-02 if that is meant"),
        ("tm-02", "use TM-02"),
        ("tm2", "use TM-02 "),
        ("TN-02", "use "),
        ("", "use an id of the catalogue"),
    ],
)
def test_unknown_id_is_a_usage_error_that_names_it(unknown, advice):
    with pytest.raises(UnknownBehaviourError, match=re.escape(repr(unknown))) as raised:
        lookup(unknown)
    assert raised.value.exit_code is ExitCode.USAGE
    assert advice in str(raised.value)


def test_an_id_is_given_once():
    twice = Behaviour("TM-01", "Said twice.", Area.TRAFFIC, Level.CORE)
    with pytest.raises(ValueError, match="share an id"):
        catalogue(twice, twice)


def test_a_feature_without_a_name_in_the_catalogue_is_refused():
    strange = Behaviour("TM-01", "Needs magic.", Area.TRAFFIC, Level.EXTENDED, frozenset({"magic", "wasm"}))
    with pytest.raises(ValueError, match="TM-01 needs magic, which is no feature"):
        catalogue(strange)


def test_every_area_has_a_heading():
    assert [area.heading for area in Area][:4] == [
        "Bookinfo",
        "Control plane",
        "Ingress",
        "Traffic management",
    ]
