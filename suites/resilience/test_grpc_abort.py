"""An injected gRPC error arrives as that gRPC status."""

import pytest

from meshproof.checks import grpc_status

pytestmark = pytest.mark.behaviour("RS-03", manifests="grpc-abort.yaml")

OK, RESOURCE_EXHAUSTED = 0, 8


@pytest.mark.parametrize("method", ["Echo", "Watch"], ids=["unary", "stream"])
def test_abort_arrives_as_its_grpc_status_at_the_matched_user_alone(probe, expect, method):
    url = f"grpc://backend:8082/meshproof.probe.v1.Probe/{method}"
    jason = probe.grpc(url, headers={"end-user": "jason"})
    alice = probe.grpc(url, headers={"end-user": "alice"})
    expect.converged(jason, grpc_status(RESOURCE_EXHAUSTED))
    expect.converged(alice, grpc_status(OK))
