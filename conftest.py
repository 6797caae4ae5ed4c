"""What suites run against: a cluster, the mesh in it, and the shop that a run deploys for itself."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes import client
from kubernetes.client import ApiClient

from meshproof.access.gateway import let_list_secrets, may_make_charts_role
from meshproof.cluster.existing import existing
from meshproof.cluster.model import Cluster
from meshproof.errors import ExitCode, MeshproofError
from meshproof.features import Features
from meshproof.manifests import pending, wait_for
from meshproof.mesh.helm import Helm
from meshproof.mesh.serving import judged
from meshproof.plugin.environment import describe
from meshproof.plugin.fixtures import IMAGES, Shop
from meshproof.plugin.gateway import node_port, reached
from meshproof.plugin.verdicts import RECORDER, WORKER
from meshproof.results import EnvironmentRecord
from meshproof.run import Run
from meshproof.separation import separate
from meshproof.traffic import Budgets

pytest_plugins = [
    "meshproof.plugin.fixtures",
    "meshproof.plugin.endpoints",
    "meshproof.plugin.certificates",
    "meshproof.plugin.neighbours",
    "meshproof.plugin.ratelimits",
]

CHARTS = Path(__file__).parent / "charts"
HOST = "bookinfo.example"
GATEWAY = "gateway"


@pytest.fixture(scope="session")
def cluster(request: pytest.FixtureRequest) -> Cluster:
    """Return the cluster of --kubeconfig and --meshproof-context, or the one that pytest-kind makes."""
    kubeconfig = request.config.getoption("--kubeconfig")
    context = request.config.getoption("--meshproof-context")
    named = any(word.startswith("--cluster-name") for word in request.config.invocation_params.args)
    if kubeconfig is None and context is None and named:
        made = request.getfixturevalue("kind_cluster")
        kubeconfig, context = made.kubeconfig_path, f"kind-{made.name}"
    found = existing(context, Path(kubeconfig) if kubeconfig else None)
    ports = request.config.getoption("--meshproof-host-port")
    return replace(found, host_ports=tuple(map(_ports, ports)))


def _ports(text: str) -> tuple[int, int]:
    node_port, _, port = text.partition(":")
    try:
        return int(node_port), int(port)
    except ValueError:
        raise MeshproofError(
            f"--meshproof-host-port {text} is not NODEPORT:PORT", "give two numbers", ExitCode.USAGE
        ) from None


@pytest.fixture(scope="session")
def mesh(cluster: Cluster) -> str:
    """Return the version of the control plane, once its webhook judges."""
    if not judged(cluster):
        raise MeshproofError(
            f"no mesh serves in context {cluster.context!r}: its webhook does not judge a VirtualService",
            "install Istio there, or look at the log of istiod",
        )
    version: str = client.CoreV1Api(cluster.api).connect_get_namespaced_service_proxy_with_path(
        "istiod:15014", "istio-system", "version"
    )
    return version.strip()


@pytest.fixture(scope="session")
def bookinfo(  # noqa: PLR0913, PLR0917 - all that the shop stands on
    request: pytest.FixtureRequest,
    images: Mapping[str, str],
    cluster: Cluster,
    mesh: str,
    features: Features,
    budgets: Budgets,
    run: Run,
) -> Shop:
    """Deploy the shop, the probes and a gateway into the run's namespace; they go with it."""
    option = request.config.getoption
    helm = Helm(option("--meshproof-helm"), cluster.kubeconfig, cluster.context)
    ingress = features.missing({"ingress"}) is None
    selector = {"istio": f"{GATEWAY}-{run.id}"}
    shop = {
        "images": {name: images[name] for name in IMAGES if name != "probe"},
        "gateway": {"enabled": ingress, "hosts": [HOST], "selector": selector},
    }

    def install(release: str, chart: Path | str, values: Mapping[str, Any]) -> None:
        helm.install_or_upgrade(release, chart, run.namespace, values, wait=False)

    if not option("--meshproof-no-sidecars"):
        separate(cluster.api, run, seconds=budgets.accept)
    install("bookinfo", CHARTS / "bookinfo", shop)
    install("probe", CHARTS / "probe", {"images": {"probe": images["probe"]}})
    if option("--meshproof-no-sidecars"):
        _without_sidecars(cluster.api, run)
    if ingress:
        port = node_port(cluster, request.config.stash[WORKER])
        by_chart = may_make_charts_role(cluster.api)
        values = _gateway(port, selector, rbac=by_chart)
        install(GATEWAY, f"{option('--meshproof-charts')}/gateway", values)
        if not by_chart:
            let_list_secrets(cluster.api, run.namespace, GATEWAY)
    wait_for(
        lambda: _unready(cluster.api, run), seconds=budgets.accept, what=f"deploying into {run.namespace}"
    )
    facts = option("--meshproof-fact")
    found = describe(cluster, run.namespace, istio=mesh, facts=facts, features=features.found())
    request.config.stash[RECORDER].take(EnvironmentRecord(environment=found))
    url = cluster.ingress_url(run.namespace, GATEWAY) if ingress else None
    if url is not None:
        reached(url)
    return Shop(url, HOST)


def _without_sidecars(api: ApiClient, run: Run) -> None:
    """Opt every Deployment of the run out of injection: a mesh may inject where no label asks for it."""
    apps = client.AppsV1Api(api)
    off = {"spec": {"template": {"metadata": {"labels": {"sidecar.istio.io/inject": "false"}}}}}
    for deployment in apps.list_namespaced_deployment(run.namespace).items:
        apps.patch_namespaced_deployment(deployment.metadata.name, run.namespace, off)


def _gateway(node_port: int | None, labels: Mapping[str, str], *, rbac: bool) -> dict[str, Any]:
    """Return the values of a small gateway on a node port: a certain one, or any.

    With `rbac` its chart lets it read the Secrets of its namespace.
    """
    values: dict[str, Any] = yaml.safe_load((CHARTS / "mesh" / "demo" / "gateway.yaml").read_text())
    http = {"name": "http2", "port": 80, "targetPort": 8080}
    https = {"name": "https", "port": 443, "targetPort": 8443}
    # istiod has a gateway serve HTTP/3 where its Service has the port of HTTPS over UDP, too.
    http3 = {"name": "http3", "port": 443, "targetPort": 8443, "protocol": "UDP"}
    if node_port is not None:
        http["nodePort"] = node_port
    return {
        **values,
        "labels": {**labels, "app": labels["istio"]},
        "service": {**values["service"], "ports": [http, https, http3]},
        "rbac": {"enabled": rbac},
    }


def _unready(api: ApiClient, run: Run) -> str | None:
    """Return what the first unfinished Deployment of the run waits for, or None when all are rolled out."""
    found = api.sanitize_for_serialization(client.AppsV1Api(api).list_namespaced_deployment(run.namespace))
    reasons = {item["metadata"]["name"]: pending({**item, **DEPLOYMENT}) for item in found["items"]}
    return next((f"{name}: {reason}" for name, reason in sorted(reasons.items()) if reason), None)


DEPLOYMENT = {"apiVersion": "apps/v1", "kind": "Deployment"}
"""What an item of a list does not say of itself."""
