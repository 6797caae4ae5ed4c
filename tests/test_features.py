"""Features: how a missing one is told, and that the catalogue asks for none that nobody looks for."""

import json
from types import SimpleNamespace

import pytest
import urllib3.exceptions

from meshproof.behaviours import CATALOGUE
from meshproof.errors import MeshproofError
from meshproof.features import DETECTORS, Feature, Features, Surroundings, detect
from meshproof.observe.service_proxy import NoSuchService, ServiceProxy


@pytest.fixture
def addons(monkeypatch):
    """Return the names of the services that answer; the others are not there."""
    answering = {"prometheus"}

    def get_json(proxy, path, _query=()):
        if proxy.service not in answering:
            raise NoSuchService(f"{proxy.service} does not answer", "install it")
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


class ApiServer:
    """Gives the one answer to every request, as the API server's client hands it on."""

    def __init__(self, answer):
        self._answer = answer

    def param_serialize(self, *_, **__):
        return ()

    def call_api(self, **_):
        if isinstance(self._answer, Exception):
            raise self._answer
        status, body = self._answer
        data = (body if isinstance(body, str) else json.dumps(body)).encode()
        return SimpleNamespace(response=SimpleNamespace(status=status, data=data))


def no(kind, message="not found", code=404, reason="NotFound"):
    details = {"name": "x", "kind": kind} if kind else {}
    return code, {"kind": "Status", "message": message, "reason": reason, "code": code, "details": details}


@pytest.mark.parametrize("answer", [no("services"), no("namespaces")])
@pytest.mark.parametrize("feature", ["prometheus", "tracing"])
def test_addon_whose_service_does_not_exist_is_not_offered(answer, feature):
    found = detect(Surroundings(ApiServer(answer), charts=None)).missing({feature})
    assert found.startswith(f"needs {feature} (service ")
    assert "404: not found" in found


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (no(None, 'no endpoints available for service "x"', 503, "ServiceUnavailable"), "503: no endpoints"),
        (no("services", "services is forbidden", 403, "Forbidden"), "403: services is forbidden"),
        (no("pods"), "404: not found"),
        ((404, "404 page not found"), "404: 404 page not found"),
        ((502, "error trying to reach service: connection refused"), "502: error trying to reach"),
        (urllib3.exceptions.ReadTimeoutError(None, "/", "read timed out"), "read timed out"),
        ((200, {"data": 5}), "does not speak its language"),
        ((200, ["hello"]), "does not speak its language"),
        ((500, {"oops": 1}), ""),
    ],
)
@pytest.mark.parametrize("feature", ["prometheus", "tracing"])
def test_addon_that_does_not_work_is_an_error_of_those_that_need_it_and_of_no_other(answer, said, feature):
    found = detect(Surroundings(ApiServer(answer), charts="istio"))
    with pytest.raises(MeshproofError, match=f"needs {feature}, but ") as caught:
        found.missing({feature, "ingress"})
    assert said in caught.value.what
    assert found.missing({"ingress"}) is None
