"""Pods that nobody calls any more have a second to end, and not all the time they were made with.

Kubernetes empties a namespace five seconds after it was asked to go; where pods are still there it comes back
later (kubernetes/kubernetes, namespace_controller.go, namespaced_resources_deleter.go). So they are asked
at once, and are gone by then or soon after. Nothing can be made in such a namespace, so none is replaced.
"""

from collections.abc import Iterable, Mapping
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
    core = client.CoreV1Api(api)
    _ask(core, namespace, core.list_namespaced_pod(namespace).items)


def hurry(api: ApiClient, namespace: str, workload: Mapping[str, Any]) -> None:
    """Have the pods of a workload that were asked to go be gone soon.

    Those that were not are left: as long as their workload does not know that it goes, it would replace them.

    Args:
        api: the cluster's API server.
        namespace: where it is.
        workload: the Deployment or StatefulSet, which was asked to go; the pods of one that does not select
            them by labels have their time.
    """
    core = client.CoreV1Api(api)
    labels = workload["spec"]["selector"].get("matchLabels")
    if not labels:
        return
    selector = ",".join(f"{name}={value}" for name, value in labels.items())
    going: Any = core.list_namespaced_pod(namespace, label_selector=selector)
    slow = (pod for pod in going.items if (pod.metadata.deletion_grace_period_seconds or 0) > GRACE_SECONDS)
    _ask(core, namespace, slow)


def _ask(core: Any, namespace: str, pods: Iterable[Any]) -> None:
    for pod in pods:
        try:
            core.delete_namespaced_pod(pod.metadata.name, namespace, grace_period_seconds=GRACE_SECONDS)
        except ApiException as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise
