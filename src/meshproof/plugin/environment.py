"""What a run ran against, for the first line of its results."""

from collections.abc import Iterable
from typing import Any

from kubernetes import client

from meshproof.cluster.model import Cluster
from meshproof.results import Environment, FeatureFound, Node

PROXY = "istio-proxy"


def describe(
    cluster: Cluster,
    namespace: str | None,
    *,
    istio: str,
    facts: Iterable[str],
    features: tuple[FeatureFound, ...] = (),
) -> Environment:
    """Describe the cluster, the mesh and what a run has deployed.

    Args:
        cluster: that the run is on.
        namespace: the run's; its pods name the images. None while nothing is deployed.
        istio: version of the control plane.
        facts: what the caller knows and the cluster does not tell, as `name=value`: supply, cluster, profile
            or proxy_build.
        features: what was looked for in the mesh.
    """
    known = dict(fact.split("=", 1) for fact in facts)
    core = client.CoreV1Api(cluster.api)
    nodes: Any = core.list_node()
    pods: Any = () if namespace is None else core.list_namespaced_pod(namespace).items
    images: dict[str, str] = {}
    proxy = None
    for pod in pods:
        statuses = (*(pod.status.container_statuses or ()), *(pod.status.init_container_statuses or ()))
        images |= {status.image: status.image_id for status in statuses if status.image_id}
        proxy = next((status.image for status in statuses if status.name == PROXY), proxy)
    return Environment(
        istio=istio,
        kubernetes=cluster.version(),
        proxy_build=known.get("proxy_build", proxy),
        supply=known.get("supply"),
        cluster=known.get("cluster"),
        profile=known.get("profile"),
        nodes=tuple(_node(node) for node in nodes.items),
        images=images,
        features=features,
    )


def _node(node: Any) -> Node:
    info = node.status.node_info
    return Node(
        name=node.metadata.name,
        kubelet=info.kubelet_version,
        system=info.os_image,
        kernel=info.kernel_version,
        architecture=info.architecture,
        runtime=info.container_runtime_version,
    )
