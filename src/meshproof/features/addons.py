"""Features that are programs beside the mesh: they are offered when they answer."""

from meshproof.errors import MeshproofError
from meshproof.features.model import Found
from meshproof.features.reads import Reads
from meshproof.observe import NAMESPACE
from meshproof.observe.jaeger import Jaeger
from meshproof.observe.prometheus import Prometheus
from meshproof.observe.service_proxy import ServiceProxy

RATE_LIMIT_IMAGES = ("ratelimit", "valkey")
_OK = 200
_ANSWERS = "it answers"


def prometheus(reads: Reads) -> Found:
    """Whether Prometheus answers a query."""
    Prometheus.in_cluster(reads.client()).query("1")
    return Found(offered=True, found=_ANSWERS)


def tracing(reads: Reads) -> Found:
    """Whether Jaeger answers a query."""
    Jaeger.in_cluster(reads.client()).services()
    return Found(offered=True, found=_ANSWERS)


def grafana(reads: Reads) -> Found:
    """Whether Grafana says that its database is well."""
    status, health = ServiceProxy(reads.client(), NAMESPACE, "grafana", 3000).get_json("/api/health")
    if status != _OK or health["database"] != "ok":
        raise MeshproofError(f"grafana is not well ({status}: {health})", "look at the log of its pod")
    return Found(offered=True, found=_ANSWERS, value=health.get("version"))


def kiali(reads: Reads) -> Found:
    """Whether Kiali says that it runs."""
    status, said = ServiceProxy(reads.client(), NAMESPACE, "kiali", 20001).get_json("/kiali/api/status")
    if status != _OK or said["status"]["Kiali state"] != "running":
        raise MeshproofError(f"kiali is not well ({status}: {said})", "look at the log of its pod")
    return Found(offered=True, found=_ANSWERS, value=said["status"].get("Kiali version"))


def rate_limit_service(reads: Reads) -> Found:
    """Whether a run can deploy a rate limit service of its own, with the store that it counts in."""
    absent = [name for name in RATE_LIMIT_IMAGES if name not in reads.images]
    if absent:
        return Found(offered=False, found=f"no image was given for {' and '.join(absent)}")
    return Found(offered=True, found="the run deploys its own")
