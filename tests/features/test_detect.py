"""Detection as a whole: every feature is looked for once, cheaply, and a read that fails says why."""

import pytest
from answers import (
    DAEMON_SETS,
    GATEWAY_CLASS,
    GRAFANA,
    INJECTION,
    ISTIO_KINDS,
    ISTIOD,
    JAEGER,
    KINDS,
    LOAD_BALANCERS,
    MESH_CONFIG,
    METRICS,
    NO_ANSWER,
    NODES,
    PROMETHEUS,
    VERSION,
    WEBHOOKS,
    endpoints_of,
    kinds,
    mesh_config,
    refused,
)

from meshproof.behaviours import CATALOGUE, FEATURES
from meshproof.errors import MeshproofError
from meshproof.features import DETECTORS, RIGHTS, Surroundings, detect

EVERY_READ = 14


def test_every_feature_of_the_catalogue_has_one_detector_and_the_other_way_round():
    assert list(DETECTORS) == list(FEATURES)
    assert {name for behaviour in CATALOGUE.values() for name in behaviour.features} <= DETECTORS.keys()


def test_whatever_detectors_share_is_read_once(server):
    detect(Surroundings(server, charts="istio"))
    assert len(server.asked) == len(set(server.asked)) == EVERY_READ


def test_nothing_is_read_for_a_feature_that_needs_no_reading(server):
    server.answers = dict.fromkeys(server.answers, refused(403, "Forbidden", "no"))
    assert detect(Surroundings(server, charts="istio")).missing({"ingress", "egress-gateway"}) is None


def with_everything(server):
    """Make the server one whose detection needs every right."""
    provider = {"name": "collector", "opentelemetry": {"service": "otel.obs.svc.cluster.local"}}
    server.answers[MESH_CONFIG] = mesh_config(extensionProviders=[provider])
    server.answers[KINDS] = kinds(**ISTIO_KINDS, gateway_networking_k8s_io=["gateways", "httproutes"])
    server.answers[endpoints_of("otel", "obs")] = {"items": []}
    server.answers[GATEWAY_CLASS] = {}


@pytest.mark.parametrize(
    ("path", "right", "broken"),
    [
        (NODES, "list nodes", "several-nodes"),
        (ISTIOD, "list pods", "dual-stack"),
        (LOAD_BALANCERS, "list services", "load-balancer"),
        (METRICS, "get services/proxy", "istio"),
        (MESH_CONFIG, "get configmaps", "dns-proxy"),
        (INJECTION, "get configmaps", "nftables"),
        (DAEMON_SETS, "list daemonsets.apps", "network-policy"),
        (endpoints_of("otel", "obs"), "list endpointslices.discovery.k8s.io", "otel-tracing"),
        (WEBHOOKS, "list mutatingwebhookconfigurations.admissionregistration.k8s.io", "sidecars"),
        (GATEWAY_CLASS, "get gatewayclasses.gateway.networking.k8s.io", "gateway-api"),
    ],
)
def test_missing_right_is_named_and_breaks_only_what_needs_it(server, path, right, broken):
    with_everything(server)
    server.answers[path] = refused(403, "Forbidden", "no")
    found = detect(Surroundings(server, charts="istio"))
    with pytest.raises(MeshproofError, match=f"needs {broken}, but this user may not {right}; ") as caught:
        found.missing({broken})
    assert f"the right to {right}" in caught.value.next_step
    assert right in RIGHTS
    assert found.missing({"prometheus", "ingress", "kubernetes"}) is None


def test_every_right_that_is_told_is_one_that_detection_uses(server):
    with_everything(server)
    # What leads to further reads is answered in a second round only.
    leading = {path: server.answers[path] for path in (KINDS, MESH_CONFIG, ISTIOD)}
    server.answers = dict.fromkeys(server.answers, refused(403, "Forbidden", "no"))
    refusals = [each.found for each in detect(Surroundings(server, charts=None)).found()]
    server.answers |= leading
    refusals += [each.found for each in detect(Surroundings(server, charts=None)).found()]
    named = {found.partition("this user may not ")[2] for found in refusals}
    assert named - {"", "read the version", "read the list of APIs"} == RIGHTS


def test_api_server_that_does_not_answer_is_asked_once(server):
    server.answers = dict.fromkeys(server.answers, NO_ANSWER)
    found = detect(Surroundings(server, charts="istio"))
    assert server.asked == [VERSION]
    for name in DETECTORS.keys() - {"ingress", "egress-gateway", "rate-limit-service"}:
        with pytest.raises(MeshproofError, match="the API server did not answer GET /version"):
            found.missing({name})


def test_istiod_that_does_not_answer_breaks_what_it_tells_and_nothing_else(server):
    server.answers[METRICS] = NO_ANSWER
    found = detect(Surroundings(server, charts="istio"))
    with pytest.raises(MeshproofError, match="did not answer GET /api/v1/namespaces/istio-system"):
        found.missing({"istio"})
    assert found.missing({"prometheus", "tracing", "kubernetes"}) is None


@pytest.mark.parametrize(
    ("path", "names"),
    [(VERSION, {"kubernetes"}), (KINDS, {"wasm", "gateway-api"}), (NODES, {"several-zones"})],
)
@pytest.mark.parametrize("answer", ["<html>", [], {"items": 5}])
def test_answer_that_is_none_is_an_error(server, path, names, answer):
    server.answers[path] = answer
    found = detect(Surroundings(server, charts=None))
    for name in names:
        with pytest.raises(MeshproofError, match=f"needs {name}, but what answers does not speak"):
            found.missing({name})


@pytest.mark.parametrize("path", [PROMETHEUS, JAEGER, GRAFANA])
@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (refused(503, "ServiceUnavailable", 'no endpoints available for service "x"'), "503: no endpoints"),
        (refused(403, "Forbidden", "services is forbidden", "services"), "403: services is forbidden"),
        (refused(404, "NotFound", "not found", "pods"), "404: not found"),
        ((404, "404 page not found"), "404: 404 page not found"),
        ((502, "error trying to reach service: connection refused"), "502: error trying to reach"),
        (NO_ANSWER, "read timed out"),
        ((200, {"data": 5}), "does not speak its language"),
        ((200, ["hello"]), "does not speak its language"),
        ((500, {"oops": 1}), ""),
    ],
)
def test_addon_that_does_not_work_is_an_error_of_those_that_need_it_and_of_no_other(
    server, path, answer, said
):
    name = {PROMETHEUS: "prometheus", JAEGER: "tracing", GRAFANA: "grafana"}[path]
    server.answers[path] = answer
    found = detect(Surroundings(server, charts="istio"))
    with pytest.raises(MeshproofError, match=f"needs {name}, but ") as caught:
        found.missing({name, "ingress"})
    assert said in caught.value.what
    assert found.missing({"ingress", "kubernetes"}) is None


@pytest.mark.parametrize("kind", ["services", "namespaces"])
def test_addon_that_was_never_installed_is_not_offered(server, kind):
    server.answers[PROMETHEUS] = refused(404, "NotFound", "not found", kind)
    found = detect(Surroundings(server, charts=None)).missing({"prometheus"})
    assert found.startswith("needs prometheus (service prometheus:9090 ")
    assert "404: not found" in found


def test_user_without_the_right_to_an_addon_is_told_which_it_is(server):
    server.answers[PROMETHEUS] = refused(403, "Forbidden", "services is forbidden", "services")
    with pytest.raises(MeshproofError, match="the right to get services/proxy"):
        detect(Surroundings(server, charts=None)).missing({"prometheus"})
