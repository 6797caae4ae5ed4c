"""Each detector, on a cluster that has its feature and on one that lacks it."""

import pytest
from answers import (
    DAEMON_SETS,
    GATEWAY_CLASS,
    GRAFANA,
    INJECTION,
    ISTIO_KINDS,
    ISTIOD,
    JAEGER,
    KIALI,
    KINDS,
    LOAD_BALANCERS,
    MESH_CONFIG,
    METRICS,
    NODES,
    PROMETHEUS,
    VERSION,
    WEBHOOKS,
    daemon_set,
    endpoints_of,
    istiod,
    kinds,
    mesh_config,
    metrics,
    node,
    refused,
    webhook,
)

from meshproof.behaviours import FEATURES
from meshproof.errors import MeshproofError
from meshproof.features import Surroundings, detect

ACCEPTED = {"status": {"conditions": [{"type": "Accepted", "status": "True"}]}}
WAITING = {"status": {"conditions": [{"type": "Accepted", "status": "Unknown"}]}}
GATEWAY_KINDS = ["gateways", "httproutes", "backendtlspolicies"]
EXTENSIONS = kinds(**ISTIO_KINDS, extensions_istio_io=["wasmplugins", "trafficextensions"])
GATEWAYS = kinds(
    **ISTIO_KINDS,
    gateway_networking_k8s_io=GATEWAY_KINDS,
    gateway_networking_x__k8s_io=["xmeshes"],
)
NFTABLES = {"data": {"values": '{"global": {"nativeNftables": true}}'}}
DNS = mesh_config(defaultConfig={"proxyMetadata": {"ISTIO_META_DNS_CAPTURE": "true"}})
ABSENT = refused(404, "NotFound", "not found", "services")
GONE = refused(404, "NotFound", 'services "istiod" not found', "services")


def balancer(*ingress):
    return {
        "items": [
            {
                "metadata": {"namespace": "shop", "name": "edge"},
                "status": {"loadBalancer": {"ingress": list(ingress)}},
            }
        ]
    }


def items(*found):
    return {"items": list(found)}


@pytest.mark.parametrize(
    ("name", "answers", "offered", "found", "value"),
    [
        ("kubernetes", {}, True, "the API server says so", "v1.34.4"),
        ("istio", {}, True, "istiod says so", "1.31.1"),
        ("istio", {METRICS: GONE}, False, 'services "istiod" not found', None),
        ("istio-apis", {}, True, "serves them", "10 kinds"),
        (
            "istio-apis",
            {KINDS: kinds(telemetry_istio_io=["telemetries"])},
            False,
            "virtualservices.net",
            None,
        ),
        ("several-revisions", {}, False, "in 1 revision", "default"),
        (
            "several-revisions",
            {ISTIOD: items(istiod(), istiod("next"))},
            True,
            "2 revisions",
            "default, next",
        ),
        ("multi-cluster", {}, False, "no other cluster", None),
        ("multi-cluster", {METRICS: metrics(remote=2)}, True, "2 other clusters", None),
        ("sidecars", {}, True, "webhook injector injects", None),
        ("sidecars", {WEBHOOKS: items(webhook("x.istio.io", "enabled"))}, False, "no webhook", None),
        (
            "sidecars",
            {WEBHOOKS: items(webhook("a.sidecar-injector.istio.io", "no"))},
            False,
            "no webhook",
            None,
        ),
        ("sidecars", {WEBHOOKS: items({"metadata": {"name": "x"}})}, False, "no webhook", None),
        ("native-sidecars", {}, True, "the oldest here is v1.34.4", None),
        ("native-sidecars", {NODES: items(node("a"), node("b", kubelet="v1.32.9"))}, False, "v1.32.9", None),
        ("native-sidecars", {METRICS: metrics("1.26.3")}, False, "1.26.3 makes them only when told", None),
        ("native-sidecars", {ISTIOD: items(istiod(ENABLE_NATIVE_SIDECARS="false"))}, False, "=false", None),
        ("ambient", {}, False, "no DaemonSet ztunnel", None),
        ("ambient", {DAEMON_SETS: items(daemon_set("ztunnel"))}, False, "PILOT_ENABLE_AMBIENT", None),
        (
            "ambient",
            {DAEMON_SETS: items(daemon_set("ztunnel")), ISTIOD: items(istiod(PILOT_ENABLE_AMBIENT="true"))},
            True,
            "kube-system/ztunnel runs",
            None,
        ),
        ("istio-proxy", {}, True, "istiod configures its filters", "Istio's proxy"),
        (
            "istio-proxy",
            {ISTIOD: items(istiod(PILOT_ENABLE_METADATA_EXCHANGE="false"))},
            False,
            "keeps the filters",
            "upstream's Envoy",
        ),
        ("istio-cni", {}, False, "no DaemonSet istio-cni-node", None),
        ("istio-cni", {DAEMON_SETS: items(daemon_set("istio-cni-node"))}, True, "istio-cni-node runs", None),
        ("istio-cni", {DAEMON_SETS: items(daemon_set("istio-cni-node", ready=0))}, False, "no Daemon", None),
        ("nftables", {}, False, "nativeNftables=false", "iptables"),
        ("nftables", {INJECTION: NFTABLES}, True, "nativeNftables=true", "nftables"),
        ("dns-proxy", {}, False, "ISTIO_META_DNS_CAPTURE false", None),
        ("dns-proxy", {MESH_CONFIG: DNS}, True, "ISTIO_META_DNS_CAPTURE true", None),
        ("ingress", {}, True, "its own gateway from istio", None),
        ("egress-gateway", {}, True, "its own gateway from istio", None),
        ("http3", {}, False, "lacks PILOT_ENABLE_QUIC_LISTENERS", None),
        ("http3", {ISTIOD: items(istiod(PILOT_ENABLE_QUIC_LISTENERS="true"))}, True, "QUIC", None),
        ("load-balancer", {}, False, "to tell by", None),
        ("load-balancer", {LOAD_BALANCERS: balancer()}, False, "shop/edge waits", None),
        ("load-balancer", {LOAD_BALANCERS: balancer({"ip": "1.2.3.4"})}, True, "shop/edge has", "1.2.3.4"),
        ("load-balancer", {LOAD_BALANCERS: balancer({"hostname": "lb"})}, True, "shop/edge has", "lb"),
        ("gateway-api", {}, False, "no gateways and httproutes", None),
        ("gateway-api", {KINDS: GATEWAYS, GATEWAY_CLASS: ACCEPTED}, True, "istio is accepted", None),
        ("gateway-api", {KINDS: GATEWAYS, GATEWAY_CLASS: WAITING}, False, "is not accepted", None),
        (
            "gateway-api",
            {KINDS: GATEWAYS, GATEWAY_CLASS: refused(404, "NotFound", "no", "gatewayclasses")},
            False,
            "istiod is to be restarted",
            None,
        ),
        ("gateway-api-experimental", {}, False, "not served", None),
        ("gateway-api-experimental", {KINDS: GATEWAYS}, True, "x-k8s.io is served", "xmeshes"),
        ("backend-tls-policy", {}, False, "is not served", None),
        ("backend-tls-policy", {KINDS: GATEWAYS}, True, "is served", None),
        ("envoy-filter", {}, True, "is served", None),
        ("envoy-filter", {KINDS: kinds()}, False, "is not served", None),
        ("wasm", {}, False, "wasmplugins.extensions.istio.io is not served", None),
        ("wasm", {KINDS: EXTENSIONS}, True, "is served", None),
        ("traffic-extension", {}, False, "is not served", None),
        ("traffic-extension", {KINDS: EXTENSIONS}, True, "is served", None),
        ("metrics-merge", {}, True, "enablePrometheusMerge true", None),
        ("metrics-merge", {MESH_CONFIG: mesh_config(enablePrometheusMerge=False)}, False, "false", None),
        ("prometheus", {}, True, "it answers", None),
        ("prometheus", {PROMETHEUS: ABSENT}, False, "prometheus:9090 in namespace", None),
        ("tracing", {}, True, "it answers", None),
        ("tracing", {JAEGER: ABSENT}, False, "jaeger:16686 in namespace", None),
        ("grafana", {}, False, 'services "grafana" not found', None),
        ("grafana", {GRAFANA: {"database": "ok", "version": "12.1.0"}}, True, "it answers", "12.1.0"),
        ("kiali", {}, False, 'services "kiali" not found', None),
        (
            "kiali",
            {KIALI: {"status": {"Kiali state": "running", "Kiali version": "v2.17"}}},
            True,
            "it answers",
            "v2.17",
        ),
        ("network-policy", {}, False, "no DaemonSet of a pod network", None),
        ("network-policy", {DAEMON_SETS: items(daemon_set("cilium"))}, True, "kube-system/cilium", "cilium"),
        ("dual-stack", {}, False, "has one", "IPv4"),
        (
            "dual-stack",
            {ISTIOD: items(istiod(ips=("fd00::4", "10.0.0.4")))},
            True,
            "has both",
            "IPv4 and IPv6",
        ),
        ("several-nodes", {}, False, "1 node of the cluster", "one"),
        ("several-nodes", {NODES: items(node("a"), node("b"))}, True, "2 nodes", "a, b"),
        ("several-zones", {}, False, "no zone", None),
        ("several-zones", {NODES: items(node("a", "z1"), node("b", "z1"))}, False, "1 zone", "z1"),
        ("several-zones", {NODES: items(node("a", "z1"), node("b", "z2"))}, True, "2 zones", "z1, z2"),
        ("several-architectures", {}, False, "1 architecture", "amd64"),
        (
            "several-architectures",
            {NODES: items(node("a"), node("b", architecture="arm64"))},
            True,
            "2 architectures",
            "amd64, arm64",
        ),
    ],
)
def test_feature_is_offered_where_it_is_and_told_how_it_was_found(  # noqa: PLR0913, PLR0917 - one row of the table
    server, look, name, answers, offered, found, value
):
    server.answers |= answers
    feature = look()[name]
    assert (feature.offered, feature.value) == (offered, value)
    assert found in feature.found


def test_ingress_is_not_offered_without_charts(look):
    found = look(charts=None)
    assert found["ingress"].found == "no charts were given with --meshproof-charts"
    assert not found["ingress"].offered
    assert not found["egress-gateway"].offered


@pytest.mark.parametrize(
    ("images", "offered", "found"),
    [
        ({"probe", "ratelimit", "valkey"}, True, "the run deploys its own"),
        ({"probe", "ratelimit"}, False, "no image was given for valkey"),
        ({"probe"}, False, "no image was given for ratelimit and valkey"),
    ],
)
def test_rate_limit_service_is_offered_when_a_run_has_its_images(server, images, offered, found):
    features = detect(Surroundings(server, "istio", frozenset(images))).found()
    (feature,) = (each for each in features if each.name == "rate-limit-service")
    assert (feature.offered, feature.found) == (offered, found)


PROVIDERS = [
    ("ext-authz", "envoyExtAuthzHttp"),
    ("ext-authz", "envoyExtAuthzGrpc"),
    ("otel-tracing", "opentelemetry"),
    ("otel-access-log", "envoyOtelAls"),
]


@pytest.mark.parametrize(("name", "kind"), PROVIDERS)
@pytest.mark.parametrize("host", ["judge.law.svc.cluster.local", "law/judge.law.svc.cluster.local"])
def test_provider_is_offered_when_somebody_is_ready_behind_it(server, look, name, kind, host):
    other = {"name": "jaeger", "zipkin": {"service": "jaeger"}}
    mine = {"name": "mine", kind: {"service": host, "port": 9000}}
    server.answers[MESH_CONFIG] = mesh_config(extensionProviders=[other, mine])
    ready = {"addresses": ["10.0.0.1"], "conditions": {"ready": True}}
    server.answers[endpoints_of("judge", "law")] = items({"endpoints": [ready]})
    feature = look()[name]
    assert (feature.offered, feature.value) == (True, "mine")
    server.answers[endpoints_of("judge", "law")] = items(
        {"endpoints": [{**ready, "conditions": {"ready": False}}]}
    )
    with pytest.raises(MeshproofError, match=f"needs {name}, but .* has no ready endpoint"):
        detect(Surroundings(server, None)).missing({name})


@pytest.mark.parametrize(("name", "kind"), PROVIDERS)
def test_provider_is_not_offered_when_none_is_declared_and_taken_at_its_word_outside_the_cluster(
    server, look, name, kind
):
    assert kind in look()[name].found
    assert not look()[name].offered
    outside = {"name": "mine", kind: {"service": "judge.example.com"}}
    server.answers[MESH_CONFIG] = mesh_config(extensionProviders=[outside])
    assert look()[name].offered


@pytest.mark.parametrize(
    ("path", "answer", "name"),
    [
        (GRAFANA, {"database": "failing"}, "grafana"),
        (GRAFANA, (503, {"database": "ok"}), "grafana"),
        (KIALI, {"status": {"Kiali state": "starting"}}, "kiali"),
    ],
)
def test_addon_that_says_it_is_not_well_is_an_error(server, path, answer, name):
    server.answers[path] = answer
    with pytest.raises(MeshproofError, match=f"needs {name}, but {name} is not well"):
        detect(Surroundings(server, None)).missing({name})


@pytest.mark.parametrize("pods", [[], [istiod(phase="Pending")]])
def test_mesh_without_a_running_control_plane_is_an_error_and_not_a_mesh_that_lacks_things(server, pods):
    server.answers[ISTIOD] = items(*pods)
    with pytest.raises(MeshproofError, match="no pod of istiod runs"):
        detect(Surroundings(server, None)).missing({"http3"})


def test_mesh_configuration_of_a_revision_is_the_one_that_is_read(server, look):
    server.answers[ISTIOD] = items(istiod("next"))
    server.answers[f"{MESH_CONFIG}-next"] = DNS
    assert look()["dns-proxy"].offered


def test_version_of_a_revision_is_told_by_its_own_service(server, look):
    server.answers[ISTIOD] = items(istiod("next"))
    server.answers[METRICS.replace("istiod", "istiod-next")] = metrics("1.32.0")
    server.answers[METRICS] = GONE
    assert look()["istio"].value == "1.32.0"


def test_where_neither_service_nor_pod_is_there_is_no_istio(server):
    server.answers |= {METRICS: GONE, ISTIOD: items()}
    assert "services" in detect(Surroundings(server, None)).missing({"istio"})


def test_default_revision_speaks_for_the_mesh_when_there_are_several(server, look):
    server.answers[ISTIOD] = items(istiod("canary", PILOT_ENABLE_QUIC_LISTENERS="true"), istiod())
    assert not look()["http3"].offered
    server.answers[ISTIOD] = items(istiod("canary"), istiod(PILOT_ENABLE_QUIC_LISTENERS="true"))
    assert look()["http3"].offered


def test_mesh_configuration_that_cannot_be_found_is_an_error(server):
    server.answers[MESH_CONFIG] = refused(404, "NotFound", 'configmaps "istio" not found', "configmaps")
    with pytest.raises(MeshproofError, match="how the mesh is configured cannot be told"):
        detect(Surroundings(server, None)).missing({"dns-proxy"})


def test_cordoned_node_takes_no_pods(server, look):
    server.answers[NODES] = items(node("a"), {**node("b"), "spec": {"unschedulable": True}})
    assert look()["several-nodes"].value == "a"


def test_version_that_istiod_does_not_tell_is_an_error(server):
    server.answers[METRICS] = "go_goroutines 5\n"
    with pytest.raises(MeshproofError, match="needs istio, but what answers does not speak its language"):
        detect(Surroundings(server, None)).missing({"istio"})


def test_every_feature_is_seen_both_ways():
    (table,) = test_feature_is_offered_where_it_is_and_told_how_it_was_found.pytestmark
    seen = {(name, offered) for name, _, offered, *_ in table.args[1]}
    both = {(name, offered) for name in FEATURES for offered in (True, False)}
    # A version is told or cannot be told; what a run brings along and providers have tests of their own.
    elsewhere = {("kubernetes", False), ("ingress", False), ("egress-gateway", False)}
    elsewhere |= {("rate-limit-service", offered) for offered in (True, False)}
    elsewhere |= {(name, offered) for name, _ in PROVIDERS for offered in (True, False)}
    assert both - seen == elsewhere


def test_version_is_read_before_anything_else(server, look):
    look()
    assert server.asked[0] == VERSION
