"""Istio: installed chart by chart, its state told, removed with everything that it made."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kubernetes import client

from meshproof import wait
from meshproof.cluster.kind import GATEWAY_NODE_PORT
from meshproof.cluster.model import Cluster
from meshproof.console import phase
from meshproof.mesh import gateway_api
from meshproof.mesh import profile as profiles
from meshproof.mesh.helm import Helm, Release
from meshproof.mesh.serving import judged, wait_serving
from meshproof.supply.model import ProxyBuild, Supplied

SYSTEM = "istio-system"
INGRESS = "istio-ingress"
GATEWAY = "istio-ingressgateway"
TELEMETRY = "stock-envoy-telemetry"
# From what others stand on to what stands on it.
RELEASES = (("istio-base", SYSTEM), ("istiod", SYSTEM), (TELEMETRY, SYSTEM), (GATEWAY, INGRESS))
CRD_SUFFIX = ".istio.io"
REMOVAL_SECONDS = 120


@dataclass(frozen=True)
class Status:
    """One line of `meshproof mesh status`.

    Args:
        name: a release, or what was asked.
        state: Helm's word, or the answer.
        good: whether that is as it should be.
    """

    name: str
    state: str
    good: bool


@dataclass(frozen=True)
class Istio:
    """The mesh of one cluster.

    Args:
        house: the checkout, for our values and charts.
        cluster: where.
        helm: how.
        profile: a set of values under charts/mesh/.
    """

    house: Path
    cluster: Cluster
    helm: Helm
    profile: str = "demo"

    def install_control_plane(self, supplied: Supplied, times: dict[str, float] | None = None) -> None:
        """Install or repair istiod and what it stands on, and wait until it serves.

        Raises:
            MeshproofError: the API server refused a definition of the Gateway API.
            ReleaseFailed: a chart did not install.
            TimedOut: istiod runs but its webhook does not judge.
        """
        # First: istiod serves the Gateway API when it finds the definitions at its start.
        with phase("install the Gateway API's custom resource definitions", times):
            gateway_api.install(self.cluster, supplied.gateway_api)
        with phase("install Istio's custom resource definitions", times):
            values = self._values("base", supplied)
            self.helm.install_or_upgrade("istio-base", supplied.charts.base, SYSTEM, values)
        with phase("install istiod", times):
            values = self._values("istiod", supplied)
            self.helm.install_or_upgrade("istiod", supplied.charts.istiod, SYSTEM, values)
            wait_serving(self.cluster)

    def data_plane(self, supplied: Supplied) -> list[Release]:
        """What stands on the control plane: the ingress gateway, and telemetry where the proxy lacks it."""
        values = profiles.merge(self._values("gateway", supplied), gateway_service(GATEWAY_NODE_PORT))
        found = [Release(GATEWAY, supplied.charts.gateway, INGRESS, values)]
        if supplied.proxy is ProxyBuild.STOCK:
            found.append(Release(TELEMETRY, self.house / "charts" / TELEMETRY, SYSTEM, {}))
        return found

    def _values(self, chart: str, supplied: Supplied) -> dict[str, Any]:
        return profiles.values(self.house, self.profile, chart, supplied)

    def status(self) -> list[Status]:
        """The state of every release and of the webhook; asks, never changes."""
        lines = []
        for release, namespace in RELEASES:
            found = self.helm.status(release, namespace)
            optional = release == TELEMETRY and found is None
            lines.append(
                Status(f"{namespace}/{release}", found or "not installed", optional or found == "deployed")
            )
        webhook = judged(self.cluster)
        lines.append(Status("validating webhook", "judges" if webhook else "does not judge", webhook))
        return lines

    def uninstall(self) -> list[str]:
        """Remove releases, custom resource definitions and namespaces; name what was removed."""
        removed = [
            f"release {namespace}/{release}"
            for release, namespace in reversed(RELEASES)
            if self.helm.uninstall(release, namespace)
        ]
        # Helm keeps definitions on purpose, so that nobody's objects go by accident; here that is the wish.
        extensions = client.ApiextensionsV1Api(self.cluster.api)
        definitions: Any = extensions.list_custom_resource_definition()
        for definition in definitions.items:
            if definition.spec.group.endswith(CRD_SUFFIX):
                extensions.delete_custom_resource_definition(definition.metadata.name)
                removed.append(f"definition {definition.metadata.name}")
        removed += [f"definition {name}" for name in gateway_api.remove(self.cluster)]
        core = client.CoreV1Api(self.cluster.api)

        def present() -> set[str]:
            found: Any = core.list_namespace()
            return {SYSTEM, INGRESS} & {item.metadata.name for item in found.items}

        for namespace in sorted(present()):
            core.delete_namespace(namespace)
            removed.append(f"namespace {namespace}")
        wait.until(
            lambda: not present(),
            REMOVAL_SECONDS,
            "Istio's namespaces are gone",
            f"look at what holds them: kubectl get namespace {SYSTEM} {INGRESS} --output yaml",
        )
        return removed


def gateway_service(node_port: int) -> dict[str, Any]:
    """Values that put a gateway's HTTP port on a node port."""
    return {
        "service": {
            "ports": [
                {"name": "status-port", "port": 15021, "targetPort": 15021},
                # A Gateway that names the Service's port 80 is served on its target port, and so is one
                # that names 8080 itself: the tutorials have had both.
                {"name": "http2", "port": 80, "targetPort": 8080, "nodePort": node_port},
                {"name": "https", "port": 443, "targetPort": 8443},
            ]
        }
    }
