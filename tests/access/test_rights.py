"""The ClusterRole: what it gives, and that nothing of it is lacking unnamed."""

from pathlib import Path

import pytest
import yaml

from meshproof.access.gateway import gateway_role
from meshproof.access.rights import Right, cluster_role, missing, rights
from meshproof.diagnose.scene import KINDS
from meshproof.features import RIGHTS

HOUSE = Path(__file__).resolve().parents[2]
GIVEN = rights(cluster_role())
PLURALS = {
    "AuthorizationPolicy": "authorizationpolicies",
    "ServiceEntry": "serviceentries",
    "Telemetry": "telemetries",
    "WorkloadEntry": "workloadentries",
}


def kinds_of(*folders):
    """API group and plural of every object in the YAML files of folders that Helm does not render."""
    found = set()
    for folder in folders:
        for file in (HOUSE / folder).rglob("*.yaml"):
            for document in yaml.safe_load_all(file.read_text().replace("${", "x{")):
                group, _, _ = document["apiVersion"].rpartition("/")
                found.add((group, PLURALS.get(document["kind"], document["kind"].lower() + "s")))
    return found


def test_no_right_is_a_wildcard():
    role = yaml.safe_load(cluster_role())
    assert role["kind"] == "ClusterRole"
    assert not any("*" in part for right in GIVEN for part in (right.group, right.resource, right.verb))


def test_no_right_shows_a_secret():
    # An answer to `patch` holds the whole object, and `deletecollection` returns what it deletes.
    assert {right.verb for right in GIVEN if right.resource == "secrets"} == {"create", "delete", "update"}


def test_the_only_right_that_can_be_handed_on_is_the_gateways():
    about_rights = [right for right in GIVEN if right.group == "rbac.authorization.k8s.io"]
    assert set(map(str, about_rights)) == {
        "bind clusterroles.rbac.authorization.k8s.io meshproof-gateway",
        "get clusterroles.rbac.authorization.k8s.io meshproof-gateway",
        "create rolebindings.rbac.authorization.k8s.io",
    }
    assert not {right.verb for right in GIVEN} & {"escalate", "impersonate", "deletecollection"}
    assert yaml.safe_load(gateway_role())["metadata"]["name"] == "meshproof-gateway"
    assert [str(right) for right in rights(gateway_role())] == ["list secrets"]


def test_every_right_is_given_once():
    assert len(set(GIVEN)) == len(GIVEN)


@pytest.mark.parametrize("verb", ["create", "get", "patch", "delete"])
def test_every_object_of_the_suites_may_be_applied_and_deleted(verb):
    lacking = {kind for kind in kinds_of("suites") if Right(*kind, verb) not in GIVEN}
    assert not lacking, f"add to {verb} in access/clusterrole.yaml"


def test_no_kind_of_the_mesh_may_be_changed_that_no_suite_has():
    groups = (".istio.io", "gateway.networking.k8s.io")
    mesh = [right for right in GIVEN if right.group.endswith(groups) and right.verb not in {"get", "list"}]
    assert {(right.group, right.resource) for right in mesh} <= kinds_of("suites")


def test_whatever_detection_reads_may_be_read():
    assert {str(right) for right in GIVEN} >= RIGHTS


def test_whatever_a_diagnosis_reads_may_be_read():
    assert {Right(kind.group, kind.plural, "list") for kind in KINDS} <= set(GIVEN)


def test_a_right_reads_as_kubectl_has_it():
    assert str(Right("", "pods/exec", "create")) == "create pods/exec"
    assert str(Right("apps", "deployments", "patch")) == "patch deployments.apps"


def test_a_right_to_one_object_reads_with_its_name():
    right = Right("rbac.authorization.k8s.io", "clusterroles", "bind", "meshproof-gateway")
    assert right in GIVEN
    assert str(right) == "bind clusterroles.rbac.authorization.k8s.io meshproof-gateway"


def test_a_right_to_one_object_is_asked_for_by_its_name(cluster, mesh):
    missing(cluster.api, GIVEN)
    assert mesh.names_asked == {"", "meshproof-gateway"}


def test_nothing_is_missing_when_the_api_server_allows_all(cluster):
    assert missing(cluster.api, GIVEN) == ()


def test_exactly_the_rights_that_are_denied_are_missing(cluster, mesh):
    denied = tuple(right for right in GIVEN if right.verb == "delete" or "/" in right.resource)
    mesh.denied = {(right.group, right.resource, right.verb) for right in denied}
    assert missing(cluster.api, GIVEN) == denied
