"""A certificate that is not there takes down its own host and no other."""

import pytest

from meshproof.checks import refused, status

pytestmark = pytest.mark.behaviour(
    "IN-06", manifests=("absent-certificate.istio.yaml", "absent-certificate.gateway-api.yaml")
)


@pytest.fixture(scope="module")
def groundwork(certificates, authority):
    certificates.put("absent-present", authority.issue("present.absent.example"))


def test_absent_certificate_takes_down_its_own_host_alone(edge, expect):
    expect.converged(edge.get("present.absent.example"), status(200))
    expect.converged(edge.get("lacking.absent.example"), refused("reset", "closed"))
