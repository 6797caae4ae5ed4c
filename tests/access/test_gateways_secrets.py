"""How the gateway of a run gets to its certificates, by a user who reads no Secret."""

import json

import pytest
from kubernetes.client import ApiException
from pretended import status

from meshproof.access.gateway import let_list_secrets, may_make_charts_role
from meshproof.errors import MeshproofError

RBAC = "/apis/rbac.authorization.k8s.io/v1"
ROLE = f"{RBAC}/clusterroles/meshproof-gateway"
BINDINGS = f"{RBAC}/namespaces/meshproof-r1/rolebindings"


@pytest.fixture
def with_role(mesh):
    mesh.answers[ROLE] = (200, {"metadata": {"name": "meshproof-gateway"}})
    mesh.answers[BINDINGS] = (201, {"metadata": {"name": "gateway"}, "roleRef": ROLE_REFERENCE})
    return mesh


ROLE_REFERENCE = {
    "apiGroup": "rbac.authorization.k8s.io",
    "kind": "ClusterRole",
    "name": "meshproof-gateway",
}


def test_the_gateways_account_is_bound_in_the_runs_namespace_alone(cluster, with_role):
    let_list_secrets(cluster.api, "meshproof-r1", "gateway")
    told = json.loads(with_role.told[BINDINGS])
    assert told["roleRef"] == ROLE_REFERENCE
    assert told["subjects"] == [{"kind": "ServiceAccount", "name": "gateway", "namespace": "meshproof-r1"}]


def test_a_binding_that_is_there_already_is_fine(cluster, with_role):
    with_role.answers[BINDINGS] = status(409, "already exists")
    let_list_secrets(cluster.api, "meshproof-r1", "gateway")


def test_a_role_that_is_not_there_is_named_with_what_to_do(cluster):
    with pytest.raises(MeshproofError, match="there is no ClusterRole meshproof-gateway") as error:
        let_list_secrets(cluster.api, "meshproof-r1", "gateway")
    assert "meshproof doctor --clusterrole" in error.value.next_step


@pytest.mark.parametrize("path", [ROLE, BINDINGS])
def test_who_may_not_bind_it_is_told_so(cluster, with_role, path):
    with_role.answers[path] = status(403, "forbidden")
    with pytest.raises(ApiException):
        let_list_secrets(cluster.api, "meshproof-r1", "gateway")


@pytest.mark.parametrize(
    ("denied", "may"),
    [
        pytest.param(set(), True, id="who-reads-secrets"),
        pytest.param({("", "secrets", "watch")}, False, id="who-does-not-read-all-of-them"),
    ],
)
def test_only_who_reads_secrets_may_make_the_charts_role(cluster, mesh, denied, may):
    mesh.denied = denied
    assert may_make_charts_role(cluster.api) is may
