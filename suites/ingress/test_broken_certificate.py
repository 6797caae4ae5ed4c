"""A certificate with the key of another takes down its own host and no other.

Istio 1.31 does not keep this through its own Gateway: istiod sends such a Secret on to the proxy, in one
response with the good ones. Envoy rejects that response (KEY_VALUES_MISMATCH); some of the good certificates
in it are loaded and some are not, and the hosts of the latter reset every connection until their Secrets
change (envoyproxy/envoy#42438, and with another control plane envoyproxy/gateway#9463). Through the Gateway
API istiod looks at the key first, and leaves the listener out.
"""

import pytest

from meshproof.checks import refused, status

pytestmark = pytest.mark.behaviour(
    "IN-06", manifests=("broken-certificate.istio.yaml", "broken-certificate.gateway-api.yaml"), long=True
)

GOOD = ("good-1", "good-2", "good-3", "good-4")
SPOILT = ("spoilt-1", "spoilt-2", "spoilt-3", "spoilt-4", "spoilt-5", "spoilt-6")
"""So many of both: a proxy stops at the first bad one of a response, whose order is chance. With one bad one
the test passed by luck in one run of five, with three in five of twenty-three, with six in none of ten."""


@pytest.fixture(scope="module")
def groundwork(certificates, authority):
    issued = {host: authority.issue(f"{host}.broken.example") for host in (*GOOD, *SPOILT)}
    for host in GOOD:
        certificates.put(f"broken-{host}", issued[host])
    for host in SPOILT:
        certificates.put_broken(f"broken-{host}", issued[host], key_of=issued[GOOD[0]])


def test_broken_certificate_takes_down_its_own_host_alone(edge, expect):
    for host in SPOILT:
        expect.converged(edge.get(f"{host}.broken.example"), refused("reset", "closed"))
    for host in GOOD:
        expect.converged(edge.get(f"{host}.broken.example"), status(200))
