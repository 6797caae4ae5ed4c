"""gRPC and WebSocket are spoken through the gateway end to end, encrypted up to it."""

import pytest

from meshproof.checks import body_contains, grpc_status, served_by, status

pytestmark = pytest.mark.behaviour(
    "IN-11", manifests=("protocols-at-the-edge.istio.yaml", "protocols-at-the-edge.gateway-api.yaml")
)


@pytest.fixture(scope="module")
def groundwork(certificates, authority):
    certificates.put("spoken-certificate", authority.issue("*.spoken.example"))


def test_gateway_carries_grpc_to_a_backend_and_its_status_back(edge, expect):
    host = "grpc.spoken.example"
    call = edge.sender.grpc(edge.url("grpcs").rstrip("/"), host=host, tls=edge.tls(host))
    expect.converged(call, grpc_status(0) & served_by("backend-v1"))


def test_gateway_carries_websockets_to_a_backend(edge, expect):
    host = "websocket.spoken.example"
    call = edge.sender.websocket(edge.url("wss"), "hello", host=host, tls=edge.tls(host))
    expect.converged(call, status(101) & served_by("backend-v1") & body_contains("hello"))
