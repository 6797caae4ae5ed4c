"""Features that are ways in and out: a run installs its gateways itself, when it has the charts."""

from meshproof.features.model import Found
from meshproof.features.reads import Reads


def own_gateway(reads: Reads) -> Found:
    """Whether a run can install a gateway of its own."""
    if reads.charts is None:
        return Found(offered=False, found="no charts were given with --meshproof-charts")
    return Found(offered=True, found=f"the run installs its own gateway from {reads.charts}")
