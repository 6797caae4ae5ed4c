"""Features that the mesh configuration names: what calls, spans and lines are handed to."""

from collections.abc import Callable
from typing import Any

from meshproof.errors import MeshproofError
from meshproof.features.model import Found
from meshproof.features.reads import Reads

SERVICE_DOMAIN = "svc"


def provider(*kinds: str) -> Callable[[Reads], Found]:
    """Return the detector of extension providers of some kinds, such as "opentelemetry".

    A provider that is declared and has nobody behind it is a feature that does not work.
    """

    def look(reads: Reads) -> Found:
        for declared in reads.mesh_config().get("extensionProviders") or ():
            for kind in kinds:
                if kind in declared:
                    return _behind(reads, declared["name"], declared[kind])
        return Found(offered=False, found=f"meshConfig declares no provider of {' or '.join(kinds)}")

    return look


def _behind(reads: Reads, name: str, settings: Any) -> Found:
    host = str(settings["service"])
    # A namespace may stand before the host, to tell apart hosts that are declared twice.
    service, _, rest = host.rpartition("/")[2].partition(".")
    namespace, _, domain = rest.partition(".")
    if domain.partition(".")[0] != SERVICE_DOMAIN:
        return Found(offered=True, found=f"meshConfig declares {name} at {host}", value=name)
    ready = reads.ready_endpoints(service, namespace)
    if not ready:
        raise MeshproofError(
            f"meshConfig declares {name} at {host}, which has no ready endpoint",
            f"look at the pods behind {service} in {namespace}",
        )
    return Found(offered=True, found=f"meshConfig declares {name} at {host}, which is ready", value=name)


def metrics_merge(reads: Reads) -> Found:
    """Whether the proxies serve their pod's metrics with their own, as they do unless told otherwise."""
    merges = reads.mesh_config().get("enablePrometheusMerge", True) is not False
    return Found(offered=merges, found=f"meshConfig has enablePrometheusMerge {str(merges).lower()}")
