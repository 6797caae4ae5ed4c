"""A renewed certificate is served without a restart or a failed call."""

import pytest

from meshproof.checks import certificate, status

pytestmark = pytest.mark.behaviour(
    "IN-05", manifests=("renewed-certificate.istio.yaml", "renewed-certificate.gateway-api.yaml")
)

HOST = "renewed.example"
NAME = "renewed-certificate"


@pytest.fixture(scope="module")
def groundwork(certificates, authority):
    certificates.put(NAME, authority.issue(HOST))


@pytest.fixture
def started(pods, run):
    """Return what tells which pods of the gateway run, and since which of their starts."""
    return lambda: [(pod.name, pod.restarts) for pod in pods(f"gateway-{run.id}")]


def test_renewed_certificate_is_served_without_a_restart_or_a_failed_call(
    edge, expect, certificates, authority, started
):
    old, new = authority.issue(HOST), authority.issue(HOST)
    call = edge.get(HOST)
    certificates.put(NAME, old)
    expect.converged(call, status(200) & certificate(old.pem))
    running = started()
    with expect.throughout(call, status(200), new_connections=True):
        certificates.put(NAME, new)
        expect.converged(call, status(200) & certificate(new.pem))
    assert started() == running
