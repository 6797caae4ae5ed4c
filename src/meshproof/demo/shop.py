"""What runs in the demo besides the mesh: the shop, and what watches it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from kubernetes import client

from meshproof import wait
from meshproof.cluster.model import Cluster
from meshproof.mesh.helm import Release
from meshproof.observe import NAMESPACE as OBSERVABILITY
from meshproof.supply.model import Supplied
from meshproof.supply.recipes import SERVICES

SHOP = "bookinfo"
TITLE = "Simple Bookstore App"
PAGE_SECONDS = 90
MADE_LABEL = {"app.kubernetes.io/managed-by": "meshproof"}


def service_images(supplied: Supplied) -> dict[str, str]:
    """The images of the shop's services, by the names that the chart uses."""
    return {service: supplied.images[f"bookinfo-{service}"] for service in SERVICES}


def run_images(supplied: Supplied) -> dict[str, str]:
    """The images that a run deploys, by the names that its file of images uses."""
    beside = ("probe", "ratelimit", "valkey")
    return {**service_images(supplied), **{name: supplied.images[name] for name in beside}}


def answers(url: str) -> bool:
    """Whether the shop's page is served there."""
    try:
        reply = requests.get(f"{url}/productpage", timeout=5)
    except requests.RequestException:
        return False
    return reply.ok and f"<title>{TITLE}</title>" in reply.text


@dataclass(frozen=True)
class Shop:
    """The demo's own releases.

    Args:
        house: the checkout, for our charts.
        cluster: where.
    """

    house: Path
    cluster: Cluster

    def make_namespaces(self) -> None:
        """The shop's namespace, with sidecars, and that of what watches it, without."""
        self._namespace(SHOP, {"istio-injection": "enabled"})
        self._namespace(OBSERVABILITY, {})

    def releases(self, supplied: Supplied) -> list[Release]:
        """Prometheus and Jaeger, and the shop, open to every host on the ingress gateway."""
        watching = {"prometheus": supplied.images["prometheus"], "jaeger": supplied.images["jaeger"]}
        shop = {
            "images": service_images(supplied),
            "gateway": {"enabled": True, "hosts": ["*"], "selector": {"istio": "ingressgateway"}},
        }
        charts = self.house / "charts"
        return [
            Release("observability", charts / "observability", OBSERVABILITY, {"images": watching}),
            Release("bookinfo", charts / "bookinfo", SHOP, shop),
        ]

    def wait_answering(self, url: str) -> None:
        """Wait until the page comes through the gateway.

        Raises:
            TimedOut: it did not.
        """
        wait.until(
            lambda: answers(url),
            PAGE_SECONDS,
            f"the shop's page is served at {url}/productpage",
            f"look at its pods: kubectl --namespace {SHOP} get pods",
        )

    def _namespace(self, name: str, labels: dict[str, str]) -> None:
        metadata = client.V1ObjectMeta(name=name, labels={**MADE_LABEL, **labels})
        body = client.V1Namespace(metadata=metadata)
        core = client.CoreV1Api(self.cluster.api)
        try:
            core.create_namespace(body)
        except client.ApiException as error:
            already_there = 409
            if error.status != already_there:
                raise
            core.patch_namespace(name, body)


def deployments_ready(cluster: Cluster, namespaces: tuple[str, ...]) -> bool:
    """Whether every deployment of the namespaces has all its replicas available, and there are some."""
    found: Any = client.AppsV1Api(cluster.api).list_deployment_for_all_namespaces(_request_timeout=5)
    ours = [item for item in found.items if item.metadata.namespace in namespaces]
    present = {item.metadata.namespace for item in ours}
    return present == set(namespaces) and all(
        (item.status.available_replicas or 0) >= item.spec.replicas
        and item.status.observed_generation == item.metadata.generation
        for item in ours
    )
