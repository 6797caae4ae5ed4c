"""What suites run against: a cluster, the mesh in it, and the shop that a run deploys for itself."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes import client

from meshproof.access.gateway import let_list_secrets, may_make_charts_role
from meshproof.cluster.existing import existing
from meshproof.cluster.model import Cluster
from meshproof.errors import ExitCode, MeshproofError
from meshproof.features import Features
from meshproof.mesh.helm import Helm
from meshproof.mesh.serving import judged
from meshproof.plugin.deployment import Deployment
from meshproof.plugin.environment import describe
from meshproof.plugin.fixtures import IMAGES, Shop
from meshproof.plugin.gateway import node_port, reached
from meshproof.plugin.sharing import BOOKINFO, namespaces_beside, needs_bookinfo
from meshproof.plugin.verdicts import RECORDER, WORKER
from meshproof.results import EnvironmentRecord
from meshproof.run import Run
from meshproof.separation import QUIET, concerned, kept_services, separate
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
def deployment(request: pytest.FixtureRequest, cluster: Cluster, run: Run, budgets: Budgets) -> Deployment:
    """Return what deploys into the run's namespace."""
    option = request.config.getoption
    helm = Helm(option("--meshproof-helm"), cluster.kubeconfig, cluster.context)
    sidecars = not option("--meshproof-no-sidecars")
    return Deployment(cluster, helm, run, seconds=budgets.accept, sidecars=sidecars)


@pytest.fixture(scope="session")
def deployed(  # noqa: PLR0913, PLR0917 - all that they stand on
    request: pytest.FixtureRequest,
    images: Mapping[str, str],
    cluster: Cluster,
    features: Features,
    budgets: Budgets,
    run: Run,
    deployment: Deployment,
    described: Callable[[], None],
) -> None:
    """Deploy the probes and a gateway into the run's namespace; they go with it.

    Bookinfo comes with them where it is known that this process will need it.
    """
    option = request.config.getoption
    if not option("--meshproof-no-sidecars"):
        separate(cluster.api, run, seconds=budgets.accept)
    ingress = features.missing({"ingress"}) is None
    if needs_bookinfo(request.session):
        _install_bookinfo(deployment, images, run, ingress=ingress)
    deployment.install("probe", CHARTS / "probe", {"images": {"probe": images["probe"]}, **_quiet(run)})
    if ingress:
        port = node_port(cluster, request.config.stash[WORKER])
        by_chart = may_make_charts_role(cluster.api)
        values = _gateway(port, run, rbac=by_chart)
        deployment.install(GATEWAY, f"{option('--meshproof-charts')}/gateway", values)
        if not by_chart:
            let_list_secrets(cluster.api, run.namespace, GATEWAY)
    deployment.wait(beside=namespaces_beside(request.config, run))
    described()


@pytest.fixture(scope="session")
def bookinfo(  # noqa: PLR0913, PLR0917 - all that the shop stands on
    images: Mapping[str, str],
    cluster: Cluster,
    features: Features,
    run: Run,
    deployment: Deployment,
    deployed: None,  # noqa: ARG001 - its gateway serves the shop
    described: Callable[[], None],
) -> Shop:
    """Deploy the shop, unless it came with the probes; return where the gateway serves it."""
    ingress = features.missing({"ingress"}) is None
    if not deployment.has(BOOKINFO):
        _install_bookinfo(deployment, images, run, ingress=ingress)
        deployment.wait()
        described()
    url = cluster.ingress_url(run.namespace, GATEWAY) if ingress else None
    if url is not None:
        reached(url)
    return Shop(url, HOST)


@pytest.fixture(scope="session")
def described(
    request: pytest.FixtureRequest, cluster: Cluster, mesh: str, features: Features, run: Run
) -> Callable[[], None]:
    """Return what records what is deployed so far."""

    def describe_now() -> None:
        facts = request.config.getoption("--meshproof-fact")
        found = describe(cluster, run.namespace, istio=mesh, facts=facts, features=features.found())
        request.config.stash[RECORDER].take(EnvironmentRecord(environment=found))

    return describe_now


def _install_bookinfo(deployment: Deployment, images: Mapping[str, str], run: Run, *, ingress: bool) -> None:
    wanted = {name: images[name] for name in IMAGES if name != "probe"}
    gateway = {
        "enabled": ingress,
        "hosts": [HOST],
        "selector": _selector(run),
        "exportTo": concerned(run),
    }
    values = {"images": wanted, "gateway": gateway, **_quiet(run)}
    deployment.install(BOOKINFO, CHARTS / "bookinfo", values)


def _selector(run: Run) -> dict[str, str]:
    return {"istio": f"{GATEWAY}-{run.id}"}


def _quiet(run: Run) -> dict[str, Any]:
    """Return the values of our charts by which what a run deploys concerns nobody else."""
    return {"podAnnotations": QUIET, "serviceAnnotations": kept_services(*concerned(run))}


def _gateway(node_port: int | None, run: Run, *, rbac: bool) -> dict[str, Any]:
    """Return the values of a small gateway on a node port: a certain one, or any.

    With `rbac` its chart lets it read the Secrets of its namespace.
    """
    values: dict[str, Any] = yaml.safe_load((CHARTS / "mesh" / "demo" / "gateway.yaml").read_text())
    labels = _selector(run)
    http = {"name": "http2", "port": 80, "targetPort": 8080}
    https = {"name": "https", "port": 443, "targetPort": 8443}
    # istiod has a gateway serve HTTP/3 where its Service has the port of HTTPS over UDP, too.
    http3 = {"name": "http3", "port": 443, "targetPort": 8443, "protocol": "UDP"}
    if node_port is not None:
        http["nodePort"] = node_port
    return {
        **values,
        "labels": {**labels, "app": labels["istio"]},
        "podAnnotations": QUIET,
        "service": {
            **values["service"],
            "annotations": kept_services(*concerned(run)),
            "ports": [http, https, http3],
        },
        "rbac": {"enabled": rbac},
    }
