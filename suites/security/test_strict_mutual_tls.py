"""Under strict mutual TLS a plaintext client is refused and a mesh client is served."""

import pytest

from meshproof.checks import refused, served_by, status

pytestmark = [
    pytest.mark.behaviour("SE-01", manifests="strict-mutual-tls.yaml"),
    pytest.mark.usefixtures("bookinfo"),
]

DETAILS = "http://details:9080/details/0"


def test_plaintext_client_is_refused_and_mesh_client_served(probe, plain_probe, expect):
    expect.converged(plain_probe.get(DETAILS), refused("reset", "closed"))
    expect.converged(probe.get(DETAILS), status(200) & served_by("details-v1"))
