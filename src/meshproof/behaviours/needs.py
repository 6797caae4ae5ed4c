"""What a behaviour may need of a mesh, and what a report tells of one besides: the features, by name."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from types import MappingProxyType

from meshproof.errors import ExitCode, MeshproofError

FEATURES: Mapping[str, str] = MappingProxyType(
    {
        # What everything stands on.
        "kubernetes": "The API server answers and tells its version.",
        "istio": "Istio's control plane answers and tells its version.",
        "istio-apis": "Istio's own kinds of objects are served.",
        "several-revisions": "Control planes of more than one revision run side by side.",
        "multi-cluster": "The control plane serves other clusters besides its own.",
        # How traffic comes to the proxies, and which ones they are.
        "sidecars": "Pods of a labelled namespace get a proxy beside them.",
        "native-sidecars": "That proxy starts before the pod's containers and ends after them.",
        "ambient": "Pods join the mesh without a proxy of their own, through the node's ztunnel.",
        "istio-proxy": "The proxies are Istio's own build, with the filters that upstream's Envoy lacks.",
        "istio-cni": "A node agent redirects the pods' traffic, so that no pod needs the right to.",
        "nftables": "Traffic is redirected by nftables instead of iptables.",
        "dns-proxy": "The proxies answer their pods' DNS queries.",
        # Ways in and out.
        "ingress": "A run can install an ingress gateway of its own.",
        "egress-gateway": "A run can install an egress gateway of its own.",
        "http3": "Gateways serve HTTP/3.",
        "load-balancer": "A Service of type LoadBalancer gets an address.",
        # Interfaces that a mesh may lack.
        "gateway-api": "The control plane implements the Gateway API.",
        "gateway-api-experimental": "The Gateway API's experimental channel is installed.",
        "backend-tls-policy": "The Gateway API's BackendTLSPolicy is served.",
        "envoy-filter": "EnvoyFilter is served.",
        "wasm": "WasmPlugin is served.",
        "traffic-extension": "TrafficExtension is served.",
        # What the mesh configuration names.
        "ext-authz": "An external authorizer is declared, and runs.",
        "otel-tracing": "An OpenTelemetry collector is declared for spans, and runs.",
        "otel-access-log": "An OpenTelemetry collector is declared for access logs, and runs.",
        "metrics-merge": "The proxies serve their pod's metrics together with their own.",
        # What watches the mesh.
        "prometheus": "Prometheus answers queries.",
        "tracing": "Jaeger answers queries.",
        "grafana": "Grafana answers, and its database is well.",
        "kiali": "Kiali answers, and says that it runs.",
        # What a run deploys beside its shop.
        "rate-limit-service": "A run can deploy a rate limit service of its own.",
        # What the cluster is made of.
        "network-policy": "The cluster's network enforces NetworkPolicy.",
        "dual-stack": "Pods have an IPv4 and an IPv6 address.",
        "several-nodes": "Pods can run on more than one node.",
        "several-zones": "The nodes stand in more than one zone.",
        "several-architectures": "The nodes' processors are of more than one architecture.",
    }
)
"""By name, the sentence that holds on a mesh that offers it.

One that no behaviour needs is looked for all the same: a report tells it, and the next test may need it.
"""


def check_overrides(
    assume: Iterable[str], exempt: Iterable[str], known: Iterable[str] = FEATURES.keys()
) -> None:
    """Check the names of --assume and --exempt; needs no cluster, so that a slip of the pen costs no time.

    Args:
        assume: features that the user takes as offered.
        exempt: features that the user takes as absent.
        known: the names that there are.

    Raises:
        MeshproofError: there is no feature of that name, or one is given both ways (exit code 64).
    """
    assumed, exempted, names = set(assume), set(exempt), tuple(known)
    for option, given in (("--assume", assumed), ("--exempt", exempted)):
        for name in sorted(given.difference(names)):
            close = get_close_matches(name.lower(), names, n=3)
            raise MeshproofError(
                f"{option} {name} names no feature",
                f"use {' or '.join(close)} if that is meant"
                if close
                else "use one that `meshproof behaviours` names after `needs`, such as prometheus",
                ExitCode.USAGE,
            )
    if both := assumed & exempted:
        raise MeshproofError(
            f"{', '.join(sorted(both))} is both assumed and exempted",
            "give --assume or --exempt, not both",
            ExitCode.USAGE,
        )
