"""Features of the control plane: its version, its revisions, the clusters that it serves."""

import re

from meshproof.features.model import Found, counted_as
from meshproof.features.reads import Reads

KINDS = {
    "networking.istio.io": {"virtualservices", "destinationrules", "gateways", "serviceentries", "sidecars"},
    "security.istio.io": {"peerauthentications", "authorizationpolicies", "requestauthentications"},
    "telemetry.istio.io": {"telemetries"},
}
"""The kinds without which no mesh is Istio's, by API group."""


def istio_version(reads: Reads) -> str:
    """Return istiod's own version, such as "1.31.1".

    Raises:
        LookupError: istiod answers and does not tell it.
    """
    labels = next(iter(reads.metric("pilot_info")), "")
    told = re.search(r'version="([^"]+)"', labels)
    if told is None:
        raise LookupError("pilot_info has no version")
    return told[1]


def istio(reads: Reads) -> Found:
    """Istiod's version."""
    return Found(offered=True, found="istiod says so", value=istio_version(reads))


def several_revisions(reads: Reads) -> Found:
    """More than one revision of istiod."""
    revisions = reads.revisions()
    return Found(
        offered=len(revisions) > 1,
        found=f"istiod runs in {counted_as(len(revisions), 'revision')}",
        value=", ".join(revisions),
    )


def multi_cluster(reads: Reads) -> Found:
    """Whether istiod serves clusters besides its own."""
    counted = reads.metric("istiod_managed_clusters")
    remote = int(sum(value for labels, value in counted.items() if 'cluster_type="remote"' in labels))
    return Found(offered=remote > 0, found=f"istiod serves {counted_as(remote, 'other cluster')}")


def http3(reads: Reads) -> Found:
    """Whether istiod makes QUIC listeners on gateways that terminate TLS."""
    quic = reads.flag("PILOT_ENABLE_QUIC_LISTENERS")
    if quic == "true":
        return Found(offered=True, found="istiod has PILOT_ENABLE_QUIC_LISTENERS=true")
    return Found(offered=False, found="istiod lacks PILOT_ENABLE_QUIC_LISTENERS=true")


def istio_apis(reads: Reads) -> Found:
    """Whether the kinds that every Istio mesh has are served."""
    served = reads.kinds()
    absent = sorted(
        f"{kind}.{group}" for group, kinds in KINDS.items() for kind in kinds - served.get(group, frozenset())
    )
    if absent:
        return Found(offered=False, found=f"not served: {', '.join(absent)}")
    count = sum(len(kinds) for group, kinds in served.items() if group.endswith(".istio.io"))
    return Found(offered=True, found="the API server serves them", value=f"{count} kinds")
