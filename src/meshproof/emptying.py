"""The pods of a namespace that was asked to go have a second to end, and not all the time they were made with.

Kubernetes empties a namespace five seconds after it was asked to; where pods are still there it comes back later
(kubernetes/kubernetes, namespace_controller.go and namespaced_resources_deleter.go). Pods that nobody calls any
more have nothing to finish, so they are asked at once, and are gone by then or soon after. Nothing can be made in
such a namespace, so none is replaced.
"""

from http import HTTPStatus
from typing import Any

from kubernetes import client
from kubernetes.client import ApiClient, ApiException

GRACE_SECONDS = 1


def empty(api: ApiClient, namespace: str) -> None:
    """Ask every pod of a namespace to end; do not wait for it.

    Args:
        api: the cluster's API server.
        namespace: its name, which was asked to go; one that is not there has no pods.
    """
    # Any: what lists hold carries names, which their types leave open.
    core: Any = client.CoreV1Api(api)
    for pod in core.list_namespaced_pod(namespace).items:
        try:
            core.delete_namespaced_pod(pod.metadata.name, namespace, grace_period_seconds=GRACE_SECONDS)
        except ApiException as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise
