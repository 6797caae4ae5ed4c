"""Features that are interfaces: kinds of objects that the cluster serves and the mesh implements."""

from collections.abc import Callable

from meshproof.features.model import Found
from meshproof.features.reads import NotThereError, Reads
from meshproof.mesh.gateway_api import EXPERIMENTAL, GROUP

GATEWAY_CLASS = "istio"


def served(kind: str, group: str) -> Callable[[Reads], Found]:
    """Return the detector of one kind.

    Args:
        kind: its resource, such as "envoyfilters".
        group: its API group.
    """

    def look(reads: Reads) -> Found:
        offered = kind in reads.kinds().get(group, frozenset())
        return Found(offered=offered, found=f"{kind}.{group} {'is' if offered else 'is not'} served")

    return look


def gateway_api(reads: Reads) -> Found:
    """Whether the Gateway API is served, and Istio has accepted the class under which it implements it."""
    if not {"gateways", "httproutes"} <= reads.kinds().get(GROUP, frozenset()):
        return Found(offered=False, found=f"no gateways and httproutes of {GROUP} are served")
    try:
        conditions = reads.gateway_class(GATEWAY_CLASS).get("status", {}).get("conditions") or ()
    except NotThereError:
        # istiod makes the class when it starts and finds the definitions.
        return Found(
            offered=False, found=f"there is no GatewayClass {GATEWAY_CLASS}: istiod is to be restarted"
        )
    accepted = any(each["type"] == "Accepted" and each["status"] == "True" for each in conditions)
    state = "is accepted" if accepted else "is not accepted"
    return Found(offered=accepted, found=f"GatewayClass {GATEWAY_CLASS} {state}")


def gateway_api_experimental(reads: Reads) -> Found:
    """Whether the kinds that only the experimental channel has are served."""
    kinds = sorted(reads.kinds().get(EXPERIMENTAL, frozenset()))
    found = f"{EXPERIMENTAL} is {'served' if kinds else 'not served'}"
    return Found(offered=bool(kinds), found=found, value=", ".join(kinds) or None)
