"""The table of detectors, and how each is asked."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from meshproof.errors import MeshproofError
from meshproof.features import addons, cluster, controlplane, dataplane, interfaces, providers
from meshproof.features.gateways import own_gateway
from meshproof.features.interfaces import served
from meshproof.features.model import Feature, Features, Found
from meshproof.features.reads import NotThereError, Reads, Surroundings
from meshproof.mesh import gateway_api
from meshproof.observe.service_proxy import NoSuchService

Detector = Callable[[Reads], Found]

DETECTORS: Mapping[str, Detector] = MappingProxyType(
    {
        "kubernetes": cluster.kubernetes,
        "istio": controlplane.istio,
        "istio-apis": controlplane.istio_apis,
        "several-revisions": controlplane.several_revisions,
        "multi-cluster": controlplane.multi_cluster,
        "sidecars": dataplane.sidecars,
        "native-sidecars": dataplane.native_sidecars,
        "ambient": dataplane.ambient,
        "istio-proxy": dataplane.istio_proxy,
        "istio-cni": dataplane.istio_cni,
        "nftables": dataplane.nftables,
        "dns-proxy": dataplane.dns_proxy,
        "ingress": own_gateway,
        "egress-gateway": own_gateway,
        "http3": controlplane.http3,
        "load-balancer": cluster.load_balancer,
        "gateway-api": interfaces.gateway_api,
        "gateway-api-experimental": interfaces.gateway_api_experimental,
        "backend-tls-policy": served("backendtlspolicies", gateway_api.GROUP),
        "envoy-filter": served("envoyfilters", "networking.istio.io"),
        "wasm": served("wasmplugins", "extensions.istio.io"),
        "traffic-extension": served("trafficextensions", "extensions.istio.io"),
        "ext-authz": providers.provider("envoyExtAuthzHttp", "envoyExtAuthzGrpc"),
        "otel-tracing": providers.provider("opentelemetry"),
        "otel-access-log": providers.provider("envoyOtelAls"),
        "metrics-merge": providers.metrics_merge,
        "prometheus": addons.prometheus,
        "tracing": addons.tracing,
        "grafana": addons.grafana,
        "kiali": addons.kiali,
        "rate-limit-service": addons.rate_limit_service,
        "network-policy": cluster.network_policy,
        "dual-stack": cluster.dual_stack,
        "several-nodes": cluster.several_nodes,
        "several-zones": cluster.several_zones,
        "several-architectures": cluster.several_architectures,
    }
)
"""How each feature is looked for, by its name in the catalogue and in the catalogue's order."""


def detect(around: Surroundings) -> Features:
    """Look for every feature that the catalogue knows; what they have in common is read once."""
    reads = Reads(around)
    return Features(_look(name, detector, reads) for name, detector in DETECTORS.items())


def _look(name: str, detector: Detector, reads: Reads) -> Feature:
    try:
        found = detector(reads)
    except (NoSuchService, NotThereError) as error:
        return Feature(name, offered=False, found=error.what)
    except MeshproofError as error:
        return Feature(name, offered=False, found=error.what, broken=error)
    except (LookupError, TypeError, AttributeError, ValueError) as error:
        # JSON or YAML that is none of its own: something else answers under its name.
        cause = MeshproofError(
            f"what answers does not speak its language ({type(error).__name__}: {error})",
            "look at what the cluster has under its name",
        )
        return Feature(name, offered=False, found=cause.what, broken=cause)
    return Feature(name, offered=found.offered, found=found.found, value=found.value)
