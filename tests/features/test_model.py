"""What is said of features: which are missing, and what a user knows better."""

import pytest

from meshproof.errors import ExitCode, MeshproofError
from meshproof.features import Feature, Features


@pytest.fixture
def features():
    return Features(
        [
            Feature("ingress", offered=False, found="no chart"),
            Feature("prometheus", offered=True, found="it answers"),
            Feature("kubernetes", offered=True, found="it says so", value="v1.34.4"),
            Feature(
                "tracing", offered=False, found="down", broken=MeshproofError("it is down", "look at it")
            ),
        ]
    )


def test_missing_feature_says_how_that_was_found_out(features):
    assert features.missing({"prometheus"}) is None
    assert features.missing(()) is None
    assert features.missing({"prometheus", "ingress"}) == "needs ingress (no chart)"


def test_feature_that_does_not_work_is_an_error_and_not_a_missing_one(features):
    with pytest.raises(MeshproofError, match="needs tracing, but it is down; look at it"):
        features.missing({"tracing", "ingress"})


def test_report_gets_every_feature_with_its_value(features):
    told = {each.name: (each.offered, each.value, each.found) for each in features.found()}
    assert told["kubernetes"] == (True, "v1.34.4", "it says so")
    assert told["tracing"] == (False, None, "down")
    assert list(told) == ["ingress", "prometheus", "kubernetes", "tracing"]


def test_assumed_feature_counts_as_offered_whatever_was_found(features):
    known = features.with_overrides(assume=["ingress", "tracing"])
    assert known.missing({"ingress", "tracing", "prometheus"}) is None
    assert {each.found for each in known.found() if each.name in {"ingress", "tracing"}} == {
        "assumed with --assume"
    }
    assert features.missing({"ingress"}) is not None  # the others still see what was found


def test_exempted_feature_counts_as_absent_whatever_was_found(features):
    known = features.with_overrides(exempt=["prometheus", "kubernetes"])
    assert known.missing({"prometheus"}) == "needs prometheus (exempted with --exempt)"
    assert next(each for each in known.found() if each.name == "kubernetes").value is None


@pytest.mark.parametrize(
    ("assume", "exempt", "said"),
    [
        (["promtheus"], [], "--assume promtheus names no feature; use prometheus if that is meant"),
        ([], ["Ingress"], "--exempt Ingress names no feature; use ingress if that is meant"),
        ([], ["zzz"], "--exempt zzz names no feature; use one that `meshproof behaviours` names"),
        (["tracing"], ["tracing"], "tracing is both assumed and exempted"),
    ],
)
def test_override_that_makes_no_sense_is_a_usage_error(features, assume, exempt, said):
    with pytest.raises(MeshproofError) as caught:
        features.with_overrides(assume, exempt)
    assert said in str(caught.value)
    assert caught.value.exit_code is ExitCode.USAGE
