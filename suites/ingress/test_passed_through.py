"""Encrypted connections can be passed through to a backend unopened: callers see its own certificate."""

import pytest

from meshproof.checks import certificate, served_by, status
from meshproof.traffic.protocol import Tls

pytestmark = pytest.mark.behaviour(
    "IN-07", manifests=("passed-through.istio.yaml", "passed-through.gateway-api.yaml")
)


@pytest.fixture(scope="module")
def own(probe):
    """Return the certificate that the backend has made for itself, as it shows it without a gateway."""
    return probe.get("https://backend-v1:8443/").once().tls.certificate


def test_certificate_that_is_seen_is_the_backends_own(edge, expect, own):
    call = edge.sender.get(edge.url("https"), host="through.example", tls=Tls(sni="through.example"))
    expect.converged(call, status(200) & served_by("backend-v1") & certificate(own))
