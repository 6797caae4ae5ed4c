"""How the gateway of a run comes to its certificates: its ServiceAccount may list the Secrets beside it."""

from http import HTTPStatus
from importlib.resources import files
from typing import Any

import yaml
from kubernetes import client
from kubernetes.client import ApiClient, ApiException

from meshproof.access.rights import Right, allowed
from meshproof.errors import MeshproofError

GATEWAY_ROLE = "gateway-clusterrole.yaml"
CHARTS_ROLE = tuple(Right("", "secrets", verb) for verb in ("get", "list", "watch"))
"""What the Role of Istio's gateway chart gives; only who has it may make that Role."""


def gateway_role() -> str:
    """Return the ClusterRole that a run binds its gateway to, as it is applied: YAML."""
    return files(__package__).joinpath(GATEWAY_ROLE).read_text(encoding="utf-8")


def may_make_charts_role(api: ApiClient) -> bool:
    """Return whether this user may have the gateway's chart give the gateway its right."""
    return all(allowed(api, right) for right in CHARTS_ROLE)


def let_list_secrets(api: ApiClient, namespace: str, account: str) -> None:
    """Bind a gateway to its ClusterRole in one namespace, as a user may do who reads no Secret itself.

    Args:
        api: the cluster's API server.
        namespace: of the run.
        account: the gateway's ServiceAccount.

    Raises:
        MeshproofError: the ClusterRole is not there.
        ApiException: this user may not bind it.
    """
    role = yaml.safe_load(gateway_role())["metadata"]["name"]
    # Any: what the client takes for a body carries no types.
    access: Any = client.RbacAuthorizationV1Api(api)
    try:
        access.read_cluster_role(role)
    except ApiException as error:
        if error.status != HTTPStatus.NOT_FOUND:
            raise
        raise MeshproofError(
            f"the run's gateway cannot be given its certificates: there is no ClusterRole {role}",
            "apply the output of `meshproof doctor --clusterrole`",
        ) from error
    try:
        access.create_namespaced_role_binding(
            namespace,
            {
                "metadata": {"name": account},
                "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
                "subjects": [{"kind": "ServiceAccount", "name": account, "namespace": namespace}],
            },
        )
    except ApiException as error:
        if error.status != HTTPStatus.CONFLICT:
            raise
