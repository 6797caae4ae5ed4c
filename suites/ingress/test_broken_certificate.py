"""A broken certificate takes down its own host and no other: through the Gateway API."""

import pytest

from meshproof.checks import refused, status

pytestmark = pytest.mark.behaviour("IN-06", manifests="broken-certificate.gateway-api.yaml")


@pytest.fixture(scope="module")
def groundwork(certificates, authority):
    good = authority.issue("good.example")
    certificates.put("good-certificate", good)
    certificates.put_broken("broken-certificate", authority.issue("broken.example"), key_of=good)


def test_broken_certificate_takes_down_its_own_host_alone(edge, expect):
    expect.converged(edge.get("good.example"), status(200))
    expect.converged(edge.get("broken.example"), refused("reset", "closed"))
