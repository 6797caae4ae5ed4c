"""Features of the data plane: how traffic comes to a proxy, and to which one."""

import re
from typing import Any

from meshproof.features.controlplane import istio_version
from meshproof.features.model import Found
from meshproof.features.reads import Reads

INJECTION = {"key": "istio-injection", "value": "enabled"}
"""The label by which a run's namespace asks for sidecars."""

NATIVE_KUBELET = (1, 33)
"""From this kubelet on istiod makes sidecars native of itself; before, its Pod API may lack them."""

NATIVE_ISTIO = (1, 27)
"""From this version on it looks at the kubelets; before, it made them native only when told to."""


def sidecars(reads: Reads) -> Found:
    """Whether a webhook of Istio injects into namespaces with the label of a run's."""
    for webhook in reads.webhooks():
        if webhook["name"].endswith("sidecar-injector.istio.io") and _wants_label(webhook):
            found = (
                f"webhook {webhook['configuration']} injects where {INJECTION['key']}={INJECTION['value']}"
            )
            return Found(offered=True, found=found)
    return Found(offered=False, found=f"no webhook injects where {INJECTION['key']}={INJECTION['value']}")


def _wants_label(webhook: Any) -> bool:
    expressions = webhook.get("namespaceSelector", {}).get("matchExpressions") or ()
    return any(
        each["key"] == INJECTION["key"]
        and each["operator"] == "In"
        and INJECTION["value"] in each.get("values", ())
        for each in expressions
    )


def native_sidecars(reads: Reads) -> Found:
    """Whether istiod makes a pod's sidecar native when the pod does not ask for either."""
    told = reads.flag("ENABLE_NATIVE_SIDECARS") or "auto"
    if told != "auto":
        return Found(offered=told == "true", found=f"istiod has ENABLE_NATIVE_SIDECARS={told}")
    version = istio_version(reads)
    if _numbers(version) < NATIVE_ISTIO:
        return Found(offered=False, found=f"istiod {version} makes them only when told to")
    oldest = min((node["status"]["nodeInfo"]["kubeletVersion"] for node in reads.nodes()), key=_numbers)
    return Found(
        offered=_numbers(oldest) >= NATIVE_KUBELET,
        found=f"istiod makes them from kubelet {'.'.join(map(str, NATIVE_KUBELET))} on, "
        f"and the oldest here is {oldest}",
    )


def istio_proxy(reads: Reads) -> Found:
    """Whether istiod configures filters that only Istio's own build of the proxy has.

    The image's name tells nothing; a proxy that lacks those filters would refuse the configuration.
    """
    exchange = reads.flag("PILOT_ENABLE_METADATA_EXCHANGE")
    if exchange == "false":
        return Found(
            offered=False, found="istiod keeps the filters of Istio's build out", value="upstream's Envoy"
        )
    return Found(offered=True, found="istiod configures its filters", value="Istio's proxy")


def ambient(reads: Reads) -> Found:
    """Whether ztunnel runs on the nodes and istiod serves it."""
    node_agent = _daemon_set(reads, "ztunnel")
    if node_agent is None:
        return Found(offered=False, found="no DaemonSet ztunnel runs")
    if reads.flag("PILOT_ENABLE_AMBIENT") != "true":
        return Found(offered=False, found="istiod lacks PILOT_ENABLE_AMBIENT=true")
    return Found(offered=True, found=f"DaemonSet {node_agent} runs, and istiod serves it")


def istio_cni(reads: Reads) -> Found:
    """Whether Istio's node agent runs."""
    agent = _daemon_set(reads, "istio-cni-node")
    found = "no DaemonSet istio-cni-node runs" if agent is None else f"DaemonSet {agent} runs"
    return Found(offered=agent is not None, found=found)


def nftables(reads: Reads) -> Found:
    """Whether pods are injected with nftables rules."""
    native = bool(reads.injection_values()["global"].get("nativeNftables"))
    return Found(
        offered=native,
        found=f"pods are injected with global.nativeNftables={str(native).lower()}",
        value="nftables" if native else "iptables",
    )


def dns_proxy(reads: Reads) -> Found:
    """Whether the mesh configuration lets the proxies answer DNS queries."""
    metadata = reads.mesh_config().get("defaultConfig", {}).get("proxyMetadata", {})
    captures = str(metadata.get("ISTIO_META_DNS_CAPTURE", "false")).lower()
    return Found(
        offered=captures == "true", found=f"meshConfig has ISTIO_META_DNS_CAPTURE {captures} for every proxy"
    )


def _daemon_set(reads: Reads, name: str) -> str | None:
    """Return namespace and name of a DaemonSet of which a pod is ready, or None."""
    for each in reads.daemon_sets():
        if each["metadata"]["name"] == name and each["status"].get("numberReady"):
            return f"{each['metadata']['namespace']}/{name}"
    return None


def _numbers(version: str) -> tuple[int, ...]:
    """Return the first two numbers of a version: (1, 34) of v1.34.4 and of 1.34-dev."""
    return tuple(int(number) for number in re.findall(r"\d+", version)[:2])
