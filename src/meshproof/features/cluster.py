"""Features of the cluster under the mesh: its version, its nodes, its network."""

from meshproof.features.model import Found, counted_as
from meshproof.features.reads import Reads

ZONE = "topology.kubernetes.io/zone"

ENFORCERS = (
    "antrea-agent",
    "anetd",
    "azure-npm",
    "calico-node",
    "canal",
    "cilium",
    "kindnet",
    "kube-network-policies",
    "kube-router",
    "ovnkube-node",
    "weave-net",
)
"""DaemonSets of the pod networks that enforce NetworkPolicy; the API server takes policies without any."""


def kubernetes(reads: Reads) -> Found:
    """The API server's version."""
    return Found(offered=True, found="the API server says so", value=reads.version())


def several_nodes(reads: Reads) -> Found:
    """More than one node that takes pods."""
    names = {node["metadata"]["name"] for node in reads.nodes()}
    return _several(names, f"{counted_as(len(names), 'node')} of the cluster can take pods")


def several_zones(reads: Reads) -> Found:
    """Nodes with more than one zone in their labels."""
    zones = {node["metadata"]["labels"].get(ZONE) for node in reads.nodes()} - {None}
    return _several(zones, f"label {ZONE} of the nodes names {counted_as(len(zones), 'zone')}")


def several_architectures(reads: Reads) -> Found:
    """Nodes of more than one architecture."""
    names = {node["status"]["nodeInfo"]["architecture"] for node in reads.nodes()}
    return _several(names, f"the nodes are of {counted_as(len(names), 'architecture')}")


def _several(names: set[str], found: str) -> Found:
    return Found(offered=len(names) > 1, found=found, value=", ".join(sorted(names)) or None)


def dual_stack(reads: Reads) -> Found:
    """Whether istiod's pod has addresses of both families, as every pod of the cluster then has."""
    addresses = [each["ip"] for each in reads.control_plane()[0]["status"].get("podIPs", ())]
    families = sorted({"IPv6" if ":" in address else "IPv4" for address in addresses})
    both = len(families) > 1
    return Found(
        offered=both,
        found=f"istiod's pod has {'both' if both else 'one'}",
        value=" and ".join(families) or None,
    )


def network_policy(reads: Reads) -> Found:
    """Whether a pod network that is known to enforce policies runs on the nodes."""
    names = {each["metadata"]["name"]: each["metadata"]["namespace"] for each in reads.daemon_sets()}
    for name in ENFORCERS:
        if name in names:
            return Found(offered=True, found=f"DaemonSet {names[name]}/{name} enforces it", value=name)
    return Found(offered=False, found="no DaemonSet of a pod network that is known to enforce it")


def load_balancer(reads: Reads) -> Found:
    """Whether some Service of that type has been given an address."""
    waiting = []
    for service in reads.load_balancers():
        name = f"{service['metadata']['namespace']}/{service['metadata']['name']}"
        given = service["status"].get("loadBalancer", {}).get("ingress") or ()
        if given:
            address = given[0].get("ip") or given[0].get("hostname")
            return Found(offered=True, found=f"Service {name} has an address", value=address)
        waiting.append(name)
    if waiting:
        return Found(offered=False, found=f"Service {waiting[0]} waits for an address")
    return Found(offered=False, found="no Service of type LoadBalancer to tell by")
