"""A namespace that is about to be deleted loses its pods first.

Kubernetes deletes what is in a namespace once, and where pods are left it comes back only after half of the
longest time that one of them may take to end (kubernetes/kubernetes, namespaced_resources_deleter.go). Pods
that nobody calls any more have nothing to finish, so they are given a second, and the namespace goes at once.
"""

import contextlib
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from kubernetes import client
from kubernetes.client import ApiClient, ApiException

from meshproof.wait import TimedOut, until

GRACE_SECONDS = 1
PATIENCE_SECONDS = 40.0
"""So long pods are waited for; whatever is left then goes with the namespace, in Kubernetes' own time."""


def empty(api: ApiClient, namespace: str) -> None:
    """Delete a namespace's Deployments and pods, and wait until the pods are gone, or not much longer.

    Args:
        api: the cluster's API server.
        namespace: its name; one that is not there is empty.
    """
    # Any: what lists hold carries names and ids, which their types leave open.
    apps: Any = client.AppsV1Api(api)
    core: Any = client.CoreV1Api(api)
    for each in apps.list_namespaced_deployment(namespace).items:
        # In the foreground: what makes pods is told to stop before they go, or else it replaces them.
        _gone(apps.delete_namespaced_deployment, each, propagation_policy="Foreground")
    asked: set[str] = set()

    def no_pods() -> bool:
        pods = core.list_namespaced_pod(namespace).items
        for pod in pods:
            if pod.metadata.uid not in asked:
                _gone(core.delete_namespaced_pod, pod, grace_period_seconds=GRACE_SECONDS)
                asked.add(pod.metadata.uid)
        return not pods

    with contextlib.suppress(TimedOut):
        until(no_pods, PATIENCE_SECONDS, f"the pods of {namespace} end", "look at them")


def _gone(delete: Callable[..., object], found: Any, **how: object) -> None:
    """Ask for an object to be deleted; it may be gone already."""
    try:
        delete(found.metadata.name, found.metadata.namespace, **how)
    except ApiException as error:
        if error.status != HTTPStatus.NOT_FOUND:
            raise
