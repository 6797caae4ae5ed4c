"""The catalogue holds what the first suites prove, and refuses what it does not know."""

import re

import pytest

from meshproof.behaviours import CATALOGUE, Area, Behaviour, Level, UnknownBehaviourError, _catalogue, lookup
from meshproof.errors import ExitCode


def test_catalogue_holds_the_first_behaviours():
    assert set(CATALOGUE) == {
        "BI-01", "CP-01", "IN-01", "TM-01", "TM-02", "TM-06", "RS-01", "SE-01", "SE-04", "OB-01", "OB-11",
    }  # fmt: skip


@pytest.mark.parametrize("behaviour", CATALOGUE.values(), ids=lambda b: b.id)
def test_every_behaviour_is_a_promise_in_one_sentence(behaviour):
    assert re.fullmatch(r"[A-Z]{2}-\d{2}", behaviour.id)
    assert re.fullmatch(r"[A-Z].{20,110}[^.]\.", behaviour.sentence)


@pytest.mark.parametrize("behaviour", CATALOGUE.values(), ids=lambda b: b.id)
def test_an_extended_behaviour_names_the_feature_that_a_mesh_may_lack(behaviour):
    assert behaviour.features or behaviour.level is not Level.EXTENDED


def test_prefix_and_area_go_together():
    areas = {}
    for behaviour in CATALOGUE.values():
        assert areas.setdefault(behaviour.id[:2], behaviour.area) is behaviour.area


def test_lookup_returns_the_behaviour():
    assert lookup("TM-02").area is Area.TRAFFIC


@pytest.mark.parametrize(
    ("unknown", "advice"),
    [("TM-2", "use TM-02 if that is meant"), ("tm-02", "use TM-02"), ("", "use an id of the catalogue")],
)
def test_unknown_id_is_a_usage_error_that_names_it(unknown, advice):
    with pytest.raises(UnknownBehaviourError, match=re.escape(repr(unknown))) as raised:
        lookup(unknown)
    assert raised.value.exit_code is ExitCode.USAGE
    assert advice in str(raised.value)


def test_an_id_is_given_once():
    twice = Behaviour("TM-01", "Said twice.", Area.TRAFFIC, Level.CORE)
    with pytest.raises(ValueError, match="share an id"):
        _catalogue(twice, twice)


def test_every_area_has_a_heading():
    assert [area.heading for area in Area][:4] == [
        "Bookinfo",
        "Control plane",
        "Ingress",
        "Traffic management",
    ]
