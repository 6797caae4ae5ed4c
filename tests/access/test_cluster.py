"""What `doctor` finds in a cluster: each thing that is taken away is named, with what to do."""

import pytest
from pretended import SERVICES, VERSION, WEBHOOKS, services, status, webhooks

from meshproof.access.cluster import look
from meshproof.access.findings import State, ready
from meshproof.access.istiod import istiod_service
from meshproof.access.rights import cluster_role, rights
from meshproof.cluster.model import NoContext


def missing(cluster):
    return [finding for finding in look(lambda: cluster) if finding.state is State.MISSING]


def test_a_healthy_mesh_is_ready(cluster):
    found = look(lambda: cluster)
    assert ready(found)
    assert {finding.state for finding in found} == {State.OK}
    assert "Kubernetes v1.34.4" in found[0].found


def test_a_context_that_is_not_there_is_the_only_finding():
    def absent():
        raise NoContext("the context 'x' is not in y", "use one of: z")

    (found,) = look(absent)
    assert (found.state, found.next_step) == (State.MISSING, "use one of: z")


def test_every_right_that_is_missing_is_named(cluster, mesh):
    mesh.denied = {("", "pods/proxy", "create"), ("security.istio.io", "peerauthentications", "patch")}
    found = missing(cluster)
    assert [finding.name for finding in found] == [
        "right to patch peerauthentications.security.istio.io",
        "right to create pods/proxy",
    ]
    assert all("meshproof doctor --clusterrole" in finding.next_step for finding in found)


def test_a_webhook_that_may_not_be_asked_is_not_said_to_be_broken(cluster, mesh):
    mesh.denied = {("networking.istio.io", "virtualservices", "create")}
    (found,) = missing(cluster)
    assert found.name == "right to create virtualservices.networking.istio.io"


def test_an_api_server_that_judges_no_rights_is_no_success(cluster, mesh):
    mesh.answers["/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"] = status(500, "broken")
    (found,) = missing(cluster)
    assert found.name == "rights"


def test_a_definition_that_is_not_served_is_named(cluster, mesh):
    mesh.serve("security.istio.io", {"authorizationpolicies"})
    (found,) = missing(cluster)
    assert found.name == "definition peerauthentications.security.istio.io"
    assert "chart `base`" in found.next_step


def test_a_definition_that_is_served_in_an_older_version_alone_is_there(cluster, mesh):
    mesh.serve("security.istio.io", {"authorizationpolicies"})
    mesh.serve("security.istio.io", {"peerauthentications"}, version="v1beta1")
    assert missing(cluster) == []


def test_without_a_mesh_all_of_it_is_named(cluster, mesh):
    mesh.answers["/apis/"] = (200, {"groups": []})
    mesh.answers[VERSION] = status(404, 'services "istiod" not found')
    mesh.answers[WEBHOOKS] = (200, {"items": []})
    names = {finding.name for finding in missing(cluster)}
    applied = [right for right in rights(cluster_role()) if "istio" in right.group and right.verb == "patch"]
    kinds = {f"{right.resource}.{right.group}" for right in applied}
    assert names == {"control plane", "injection webhook"} | {f"definition {kind}" for kind in kinds}


def test_control_plane_of_a_revision_is_found_by_its_label(cluster, mesh):
    mesh.answers[SERVICES] = services("istiod-canary")
    mesh.answers[f"{SERVICES}/istiod-canary:15014/proxy/version"] = mesh.answers.pop(VERSION)
    assert missing(cluster) == []


@pytest.mark.parametrize(
    ("listed", "chosen"),
    [
        pytest.param(services("istiod-a", "istiod"), "istiod", id="the-one-without-a-revision"),
        pytest.param(
            services("istiod-a", "istiod-b", "istiod-revision-tag-default"),
            "istiod-revision-tag-default",
            id="the-one-that-is-the-default",
        ),
        pytest.param(services("istiod-b", "istiod-a"), "istiod-a", id="the-first-by-name"),
        pytest.param(services("istiod-remote", port=15012), "istiod", id="none-that-tells-of-itself"),
        pytest.param(services(), "istiod", id="none"),
        pytest.param(status(403, "forbidden"), "istiod", id="not-to-be-listed"),
    ],
)
def test_service_that_tells_of_istiod_is_chosen(cluster, mesh, listed, chosen):
    mesh.answers[SERVICES] = listed
    assert istiod_service(cluster.api, 10) == chosen


def test_a_webhook_that_does_not_judge_is_named(cluster, mesh):
    mesh.webhook_judges = False
    (found,) = missing(cluster)
    assert "its webhook does not judge" in found.found


@pytest.mark.parametrize(
    ("selector", "takes_in"),
    [
        pytest.param({}, True, id="every-namespace"),
        pytest.param({"matchLabels": {"istio-injection": "enabled"}}, True, id="by-the-label"),
        pytest.param({"matchLabels": {"istio.io/rev": "canary"}}, False, id="by-a-revision"),
        pytest.param(
            {
                "matchExpressions": [
                    {"key": "istio-injection", "operator": "In", "values": ["enabled"]},
                    {"key": "istio.io/rev", "operator": "DoesNotExist"},
                ]
            },
            True,
            id="as-istio-writes-it",
        ),
        pytest.param(
            {"matchExpressions": [{"key": "istio-injection", "operator": "DoesNotExist"}]}, False, id="others"
        ),
        pytest.param(
            {"matchExpressions": [{"key": "istio.io/rev", "operator": "Exists"}]}, False, id="any-rev"
        ),
        pytest.param(
            {"matchExpressions": [{"key": "istio-injection", "operator": "NotIn", "values": ["disabled"]}]},
            True,
            id="not-switched-off",
        ),
    ],
)
def test_injection_is_there_when_a_webhook_takes_in_the_runs_namespace(cluster, mesh, selector, takes_in):
    mesh.answers[WEBHOOKS] = (200, webhooks(selector))
    assert [finding.name for finding in missing(cluster)] == ([] if takes_in else ["injection webhook"])


def test_a_webhook_of_somebody_else_injects_no_sidecar(cluster, mesh):
    mesh.answers[WEBHOOKS] = (200, webhooks({}, name="injector.example.org"))
    assert [finding.name for finding in missing(cluster)] == ["injection webhook"]


def test_what_may_not_be_read_is_noted_and_the_right_is_what_is_missing(cluster, mesh):
    mesh.answers[WEBHOOKS] = status(403, "forbidden")
    mesh.denied = {("admissionregistration.k8s.io", "mutatingwebhookconfigurations", "list")}
    found = {finding.name: finding.state for finding in look(lambda: cluster)}
    assert found["injection webhook"] is State.NOTE
    assert not ready(look(lambda: cluster))
