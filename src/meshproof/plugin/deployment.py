"""What one process of a run deploys into its namespace, release by release."""

import contextlib
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from kubernetes import client

from meshproof.cluster.model import Cluster
from meshproof.errors import MeshproofError
from meshproof.manifests import LEISURE, pending, wait_for
from meshproof.mesh.helm import Helm, Release
from meshproof.run import Run

INJECT = "sidecar.istio.io/inject"
OFF = {"spec": {"template": {"metadata": {"labels": {INJECT: "false"}}}}}
APPS = {"apiVersion": "apps/v1", "kind": "Deployment"}
"""What an item of a list does not say of itself."""


class Deployment:
    """The releases of one namespace of a run.

    Args:
        cluster: where it is.
        helm: installs them there.
        run: whose namespace it is.
        seconds: until what is installed has to be rolled out.
        sidecars: False opts every Deployment out of injection (a mesh may inject where no label asks for it),
            but those that ask for it themselves: a gateway is nothing but a proxy.
    """

    def __init__(self, cluster: Cluster, helm: Helm, run: Run, *, seconds: float, sidecars: bool) -> None:
        self._apps = client.AppsV1Api(cluster.api)
        self._api: Any = cluster.api
        self._helm = helm
        self._run = run
        self._seconds = seconds
        self._sidecars = sidecars
        self._installed: set[str] = set()

    def has(self, release: str) -> bool:
        """Return whether this has installed a release."""
        return release in self._installed

    def install(self, release: str, chart: Path | str, values: Mapping[str, Any]) -> None:
        """Install a release and do not wait for it.

        Raises:
            MeshproofError: Helm could not, or was ended.
        """
        self._helm.install(Release(release, chart, self._run.namespace, values), wait=False)
        self._installed.add(release)
        if not self._sidecars:
            self._opt_out()

    def _opt_out(self) -> None:
        found: Any = self._apps.list_namespaced_deployment(self._run.namespace)
        for each in found.items:
            if (each.spec.template.metadata.labels or {}).get(INJECT) != "true":
                self._apps.patch_namespaced_deployment(each.metadata.name, self._run.namespace, OFF)

    def wait(self, beside: Iterable[str] = ()) -> None:
        """Wait until all that is installed is rolled out.

        Args:
            beside: namespaces of the run's other processes. Pods that start take the machine for seconds,
                which must not happen while somebody measures. What is not rolled out there is theirs to tell.

        Raises:
            MeshproofError: it is not in time, and what it waits for.
        """
        self._rolled_out(self._run.namespace)
        for name in beside:
            with contextlib.suppress(MeshproofError):
                self._rolled_out(name)

    def _rolled_out(self, namespace: str) -> None:
        what = f"deploying into {namespace}"
        wait_for(partial(self._unready, namespace), seconds=self._seconds, what=what, longest=LEISURE)

    def _unready(self, namespace: str) -> str | None:
        """Return what the first unfinished Deployment waits for, or None when all are rolled out."""
        found = self._api.sanitize_for_serialization(self._apps.list_namespaced_deployment(namespace))
        reasons = {item["metadata"]["name"]: pending({**item, **APPS}) for item in found["items"]}
        return next((f"{name}: {reason}" for name, reason in sorted(reasons.items()) if reason), None)
