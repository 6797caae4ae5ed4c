"""The gateway shows each host name's own certificate."""

import pytest

from meshproof.checks import certificate, served_by, status

pytestmark = pytest.mark.behaviour(
    "IN-03", manifests=("certificate-by-host.istio.yaml", "certificate-by-host.gateway-api.yaml")
)


@pytest.fixture(scope="module")
def issued(authority):
    return {host: authority.issue(f"{host}.example") for host in ("red", "blue")}


@pytest.fixture(scope="module")
def groundwork(certificates, issued):
    for host, own in issued.items():
        certificates.put(f"{host}-certificate", own)


@pytest.mark.parametrize("host", ["red", "blue"])
def test_gateway_shows_the_certificate_of_the_host_that_is_asked_for(edge, expect, issued, host):
    call = edge.get(f"{host}.example")
    expect.converged(call, status(200) & served_by("backend-v1") & certificate(issued[host].pem))
