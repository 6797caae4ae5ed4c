"""gRPC calls are routed by their method, by a header and by weight."""

import pytest

from meshproof.checks import grpc_status, header, served_by

pytestmark = pytest.mark.behaviour(
    "TM-08", manifests=("grpc-routes.istio.yaml", "grpc-routes.gateway-api.yaml")
)

URL = "grpc://backend:8082"


def test_method_selects_the_backend(probe, expect):
    call = probe.grpc(f"{URL}/meshproof.probe.v1.Probe/Watch")
    expect.converged(call, grpc_status(0) & served_by("backend-v2"))


def test_header_selects_the_backend(probe, expect):
    call = probe.grpc(URL, headers={"tier": "gold"})
    expect.converged(call, grpc_status(0) & served_by("backend-v3"))


def test_weights_decide_the_share_of_the_rest(probe, expect):
    call = probe.grpc(URL)
    expect.converged(call, grpc_status(0) & header("x-route", "weighted"))
    expect.share(call, {"backend-v1": 0.95, "backend-v2": 0.05})
