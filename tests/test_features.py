"""Features: how a missing one is told, and that the catalogue asks for none that nobody looks for."""

import pytest

from meshproof.behaviours import CATALOGUE
from meshproof.errors import MeshproofError
from meshproof.features import DETECTORS, Feature, Features, Surroundings, detect
from meshproof.observe.service_proxy import ServiceProxy


@pytest.fixture
def addons(monkeypatch):
    """Return the names of the services that answer; the others are not there."""
    answering = {"prometheus"}

    def get_json(proxy, path, _query=()):
        if proxy.service not in answering:
            raise MeshproofError(f"{proxy.service} does not answer", "install it")
        vector = {"resultType": "vector", "result": []}
        return 200, {"data": ["details"] if path == "/api/services" else vector}

    monkeypatch.setattr(ServiceProxy, "get_json", get_json)
    return answering


def test_catalogue_needs_only_features_that_are_looked_for():
    needed = {feature for behaviour in CATALOGUE.values() for feature in behaviour.features}
    assert needed <= DETECTORS.keys()


def test_missing_feature_says_how_that_was_found_out():
    features = Features(
        [
            Feature("ingress", offered=False, found="no chart"),
            Feature("prometheus", offered=True, found="answers"),
        ]
    )
    assert features.missing({"prometheus"}) is None
    assert features.missing(()) is None
    assert features.missing({"prometheus", "ingress"}) == "needs ingress (no chart)"


def test_addon_is_offered_when_it_answers(addons):
    found = detect(Surroundings(api=None, charts=None))
    assert found.missing({"prometheus"}) is None
    assert found.missing({"tracing"}) == "needs tracing (jaeger does not answer)"
    addons.add("jaeger")
    assert detect(Surroundings(api=None, charts=None)).missing({"tracing"}) is None


@pytest.mark.usefixtures("addons")
def test_ingress_is_offered_when_charts_are_given():
    without = detect(Surroundings(api=None, charts=None)).missing({"ingress"})
    assert without == "needs ingress (no charts were given with --meshproof-charts)"
    assert detect(Surroundings(api=None, charts="istio")).missing({"ingress"}) is None
