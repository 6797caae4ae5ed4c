"""The probe's chart: every port of the probe, with the protocol that the mesh is told."""

import pytest
import yaml

TLS = {"secret": "probe-b", "clients": "required"}
OTHERS = dict.fromkeys(("probe-a", "probe-plain", "backend-v1", "backend-v2", "backend-v3"))
ONE_WITH_TLS = {"probes": {**OTHERS, "probe-b": {"tls": TLS}}}


@pytest.fixture(scope="module")
def probe(chart):
    return chart("probe")


def of_kind(rendered, kind, name):
    (found,) = [
        item
        for item in yaml.safe_load_all(rendered)
        if item["kind"] == kind and item["metadata"]["name"] == name
    ]
    return found


def container(rendered, name):
    return of_kind(rendered, "Deployment", name)["spec"]["template"]["spec"]["containers"][0]


@pytest.mark.parametrize("values", [{}, {"probes": {"probe-b": {"tls": TLS}}}])
def test_chart_is_clean(probe, values):
    assert not probe.lint(values)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("probe", {}),
        ("probe-tls", ONE_WITH_TLS),
    ],
)
def test_chart_renders_as_before(probe, same_as_golden, name, values):
    same_as_golden(name, probe.render(values))


def test_service_container_and_environment_agree_on_every_port(probe):
    rendered = probe.render()
    service = of_kind(rendered, "Service", "probe-b")["spec"]["ports"]
    pod = container(rendered, "probe-b")
    named = {port["name"]: port["containerPort"] for port in pod["ports"]}
    told = {entry["name"]: entry.get("value") for entry in pod["env"]}
    assert {port["targetPort"]: port["port"] for port in service} | {"control": 15999} == named
    for name, number in named.items():
        assert told[f"{name.upper().replace('-', '_')}_PORT"] == str(number)


def test_probes_of_one_app_have_a_service_together_and_one_each(probe):
    rendered = probe.render()
    together = of_kind(rendered, "Service", "backend")["spec"]
    alone = of_kind(rendered, "Service", "backend-v2")["spec"]
    labels = of_kind(rendered, "Deployment", "backend-v2")["spec"]["template"]["metadata"]["labels"]
    assert together["selector"].items() < alone["selector"].items() < labels.items()
    assert alone["selector"].keys() - together["selector"].keys() == {"version"}
    assert together["ports"] == alone["ports"]
    assert labels["istio-locality"] == "east.east-2"


def test_pod_leaves_its_services_without_its_deployment_missing_it(probe):
    rendered = probe.render()
    label = "meshproof.dev/serving"
    assert label in of_kind(rendered, "Service", "probe-b")["spec"]["selector"]
    assert label not in of_kind(rendered, "Deployment", "probe-b")["spec"]["selector"]["matchLabels"]


@pytest.mark.parametrize(
    ("clients", "told"),
    [
        ("ignored", {}),
        ("verified", {"TLS_CLIENT_CA": "/etc/probe/tls/ca.crt", "TLS_CLIENT_REQUIRED": "false"}),
        ("required", {"TLS_CLIENT_CA": "/etc/probe/tls/ca.crt", "TLS_CLIENT_REQUIRED": "true"}),
    ],
)
def test_clients_certificates_are_treated_as_told(probe, clients, told):
    rendered = probe.render({"probes": {"probe-b": {"tls": {"secret": "probe-b", "clients": clients}}}})
    env = container(rendered, "probe-b")["env"]
    assert {entry["name"]: entry["value"] for entry in env if entry["name"].startswith("TLS_CLIENT")} == told


@pytest.mark.parametrize(
    ("values", "why"),
    [
        (
            {"probes": {"probe-b": {"tls": {"secret": "x", "clients": "maybe"}}}},
            "/probes/probe-b/tls/clients",
        ),
        ({"probes": {"probe-b": {"tls": {"clients": "ignored"}}}}, "missing property 'secret'"),
        ({"probes": {"probe-b": {"locality": "east/east-1"}}}, "/probes/probe-b/locality"),
        ({"probes": {"Probe_B": {"version": "v1", "sidecar": True}}}, "Probe_B"),
        ({"images": {"probe": 7}}, "/images/probe"),
    ],
)
def test_values_that_cannot_be_are_refused_by_name(probe, values, why):
    assert why in probe.refusal(values)


def test_services_and_pods_carry_the_annotations_that_are_asked_for(probe):
    asked = {"podAnnotations": {"pod.example/a": "1"}, "serviceAnnotations": {"service.example/b": "2"}}
    rendered = list(yaml.safe_load_all(probe.render(asked)))
    pods = [item["spec"]["template"]["metadata"] for item in rendered if item["kind"] == "Deployment"]
    services = [item["metadata"] for item in rendered if item["kind"] == "Service"]
    assert pods
    assert services
    assert all(pod["annotations"]["pod.example/a"] == "1" for pod in pods)
    assert all(service["annotations"] == {"service.example/b": "2"} for service in services)
