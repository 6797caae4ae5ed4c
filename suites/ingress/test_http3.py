"""A client that is told over HTTPS that HTTP/3 is there speaks it to the gateway, and is served."""

import pytest

from meshproof.checks import agreed_on, certificate, header, served_by, status
from meshproof.traffic.protocol import Protocol

pytestmark = pytest.mark.behaviour(
    "IN-11", manifests=("http3.istio.yaml", "http3.gateway-api.yaml"), needs=("http3",)
)

HOST = "quick.example"


@pytest.fixture(scope="module")
def issued(authority):
    return authority.issue(HOST)


@pytest.fixture(scope="module")
def groundwork(certificates, issued):
    certificates.put("quick-certificate", issued)


def test_http3_is_announced_over_https_and_served(edge, expect, issued):
    told = edge.get(HOST)
    expect.converged(told, status(200) & header("alt-svc", 'h3=":443"; ma=86400'))
    call = edge.sender.get(edge.url("https"), host=HOST, protocol=Protocol.HTTP3, tls=edge.tls(HOST))
    over_http3 = agreed_on("h3") & certificate(issued.pem)
    expect.converged(call, status(200) & served_by("backend-v1") & over_http3)
