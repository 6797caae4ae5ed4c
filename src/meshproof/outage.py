"""A mesh without its control plane, for a while."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

# Its classes are loaded when they are first named: CoreV1Api takes over half a second.
from kubernetes import client
from kubernetes.client import ApiClient

from meshproof import wait
from meshproof.errors import MeshproofError
from meshproof.observe.istiod import NAMESPACE, SELECTOR

_EVERY = 0.1


class Outage:
    """Takes the control plane down, and brings it back.

    Args:
        api: the cluster's API server.
        seconds: until its pods have gone, and until they are there again.
        waited: told of each wait how long it was, and how long of that too long.
    """

    def __init__(
        self, api: ApiClient, seconds: float, waited: Callable[[float, float], object] | None = None
    ) -> None:
        self._waited = waited
        self._api = api
        self._seconds = seconds

    @contextmanager
    def of_control_plane(self) -> Iterator[None]:
        """Scale every Deployment of istiod to 0; scale each back at the end, whatever happens.

        Within, no pod of it runs; afterwards, all that ran before are available.

        Raises:
            MeshproofError: there is none, or Kubernetes did not follow.
        """
        replicas = {name: wanted for name, (wanted, _) in self._deployments().items() if wanted}
        if not replicas:
            raise MeshproofError(
                f"no Deployment with the label {SELECTOR} runs in {NAMESPACE}", "look for the control plane"
            )
        try:
            self._scale(dict.fromkeys(replicas, 0))
            self._wait(lambda: not self._pods(), "the control plane is down")
            yield
        finally:
            self._scale(replicas)
            self._wait(lambda: self._available(replicas), "the control plane is back")

    def _deployments(self) -> dict[str, tuple[int, int]]:
        """Return by name how many pods each Deployment is to have, and how many of them are available."""
        found: Any = client.AppsV1Api(self._api).list_namespaced_deployment(
            NAMESPACE, label_selector=SELECTOR
        )
        return {
            str(one.metadata.name): (int(one.spec.replicas), int(one.status.available_replicas or 0))
            for one in found.items
        }

    def _pods(self) -> int:
        found: Any = client.CoreV1Api(self._api).list_namespaced_pod(NAMESPACE, label_selector=SELECTOR)
        return len(found.items)

    def _available(self, replicas: Mapping[str, int]) -> bool:
        there = self._deployments()
        return all(there.get(name, (0, 0))[1] >= wanted for name, wanted in replicas.items())

    def _scale(self, replicas: Mapping[str, int]) -> None:
        apps = client.AppsV1Api(self._api)
        for name, wanted in replicas.items():
            apps.patch_namespaced_deployment(name, NAMESPACE, {"spec": {"replicas": wanted}})

    def _wait(self, condition: Callable[[], bool], what: str) -> None:
        look = f"look at it: kubectl --namespace {NAMESPACE} get deployments,pods"
        wait.until(condition, self._seconds, what, look, every=_EVERY, waited=self._waited)
