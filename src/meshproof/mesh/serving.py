"""Whether the mesh can serve: its webhook lets a right object pass and refuses a wrong one."""

from typing import Any

from kubernetes import client
from urllib3.exceptions import HTTPError

from meshproof import wait
from meshproof.cluster.model import Cluster

SECONDS = 60
GROUP, VERSION, PLURAL = "networking.istio.io", "v1", "virtualservices"
NAMESPACE = "istio-system"


def virtual_service(weight: int) -> dict[str, Any]:
    """A virtual service with one destination; a negative weight is what the webhook must refuse."""
    destination = {"destination": {"host": "nobody.example"}, "weight": weight}
    return {
        "apiVersion": f"{GROUP}/{VERSION}",
        "kind": "VirtualService",
        "metadata": {"name": "meshproof-dry-run"},
        "spec": {"hosts": ["nobody.example"], "http": [{"route": [destination]}]},
    }


def dry_run(cluster: Cluster, body: dict[str, Any]) -> str | None:
    """Ask the server to judge an object without keeping it; None when it would, else its words."""
    try:
        client.CustomObjectsApi(cluster.api).create_namespaced_custom_object(
            GROUP, VERSION, NAMESPACE, PLURAL, body, dry_run="All", _request_timeout=10
        )
    except client.ApiException as error:
        return str(error.body or error.reason)
    except HTTPError as error:
        return str(error)
    return None


def judged(cluster: Cluster) -> bool:
    """Whether the webhook answered both ways: the right object accepted, the wrong one refused by it."""
    if dry_run(cluster, virtual_service(100)) is not None:
        return False
    refusal = dry_run(cluster, virtual_service(-1))
    return refusal is not None and "validation.istio.io" in refusal


def wait_serving(cluster: Cluster) -> None:
    """Wait until the webhook judges.

    Raises:
        TimedOut: it did not in time.
    """
    wait.until(
        lambda: judged(cluster),
        SECONDS,
        "Istio's validating webhook accepts a right object and refuses a wrong one",
        f"look at istiod: kubectl --namespace {NAMESPACE} logs deployment/istiod",
    )
