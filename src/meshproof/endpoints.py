"""Which of the run's pods serve: they leave their Services, and come back, and no process ends for it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

# Its classes are loaded when they are first named: CoreV1Api takes over half a second.
from kubernetes import client
from kubernetes.client import ApiClient

from meshproof import wait
from meshproof.errors import MeshproofError
from meshproof.traffic.probe import WORKLOAD_LABEL

SERVING_LABEL = "meshproof.dev/serving"
"""Label that the probes' Services select by: a pod on which it is not "true" is none of their endpoints."""

_EVERY = 0.1


class Endpoints:
    """The endpoints of a run's Services.

    Args:
        api: the cluster's API server.
        namespace: of the run.
        seconds: until Kubernetes has followed a change.
        waited: told of each wait how long it was, and how long of that too long.
    """

    def __init__(
        self,
        api: ApiClient,
        namespace: str,
        seconds: float,
        waited: Callable[[float, float], object] | None = None,
    ) -> None:
        self._waited = waited
        self._api = api
        self._namespace = namespace
        self._seconds = seconds

    @contextmanager
    def without(self, *workloads: str) -> Iterator[None]:
        """Take the pods of these probes out of their Services; put them back at the end, whatever happens.

        What Kubernetes says of the Services is waited for, both times. When the proxies follow, answers tell.

        Raises:
            MeshproofError: a workload has no pods, or Kubernetes did not follow.
        """
        addresses = {pod: address for workload in workloads for pod, address in self._pods(workload)}
        try:
            self._label(addresses, serving=False)
            self._wait(set(addresses.values()), serving=False)
            yield
        finally:
            self._label(addresses, serving=True)
            self._wait(set(addresses.values()), serving=True)

    def replace(self, workload: str, *, until_gone: bool = False) -> str:
        """Delete one pod of a workload, and return its name when another is ready in its place.

        Args:
            workload: as its pods' label names it.
            until_gone: whether to wait also until nothing of the pod is left.

        Raises:
            MeshproofError: the workload has no pods, or Kubernetes did not follow.
        """
        before = dict(self._pods(workload))
        pod = min(before)
        client.CoreV1Api(self._api).delete_namespaced_pod(pod, self._namespace)

        def replaced() -> bool:
            # None at all for a moment, where a single one is gone at once.
            now = dict(self._listed(workload, going=True))
            gone = now.pop(pod, None) is None
            return (gone or not until_gone) and len(self._ready().intersection(now.values())) == len(before)

        wait.until(
            replaced,
            self._seconds,
            f"pod {pod} is replaced",
            f"look at the pods: kubectl --namespace {self._namespace} get pods",
            every=_EVERY,
            waited=self._waited,
        )
        return pod

    def _pods(self, workload: str) -> list[tuple[str, str]]:
        """Return name and address of each pod of a workload that stays; there is at least one.

        Args:
            workload: the probe's name.
        """
        pods = self._listed(workload)
        if not pods:
            raise MeshproofError(
                f"no pod with the label {WORKLOAD_LABEL}={workload} runs in {self._namespace}",
                "look at its events",
            )
        return pods

    def _listed(self, workload: str, *, going: bool = False) -> list[tuple[str, str]]:
        """Return name and address of each pod of a workload.

        Args:
            workload: the probe's name.
            going: whether those that are being deleted are among them.
        """
        found: Any = client.CoreV1Api(self._api).list_namespaced_pod(
            self._namespace, label_selector=f"{WORKLOAD_LABEL}={workload}"
        )
        pods = [pod for pod in found.items if going or pod.metadata.deletion_timestamp is None]
        return [(str(pod.metadata.name), str(pod.status.pod_ip)) for pod in pods]

    def _label(self, pods: dict[str, str], *, serving: bool) -> None:
        core = client.CoreV1Api(self._api)
        labels = {SERVING_LABEL: "true" if serving else "false"}
        for pod in pods:
            core.patch_namespaced_pod(pod, self._namespace, {"metadata": {"labels": labels}})

    def _wait(self, addresses: set[str], *, serving: bool) -> None:
        def followed() -> bool:
            there = addresses & self._ready()
            return there == addresses if serving else not there

        wait.until(
            followed,
            self._seconds,
            f"{', '.join(sorted(addresses))} {'serve again' if serving else 'serve no longer'}",
            f"look at them: kubectl --namespace {self._namespace} get endpointslices",
            every=_EVERY,
            waited=self._waited,
        )

    def _ready(self) -> set[str]:
        """Return the addresses of all ready endpoints of the namespace."""
        found: Any = client.DiscoveryV1Api(self._api).list_namespaced_endpoint_slice(self._namespace)
        return {
            str(address)
            for one in found.items
            for endpoint in one.endpoints or ()
            # Kubernetes counts one that says nothing of itself as ready.
            if endpoint.conditions is None or endpoint.conditions.ready is not False
            for address in endpoint.addresses
        }
