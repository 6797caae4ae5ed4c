"""Weights decide what share of the TCP connections each backend gets."""

import pytest

pytestmark = pytest.mark.behaviour(
    "TM-07", manifests=("tcp-split.istio.yaml", "tcp-split.gateway-api-experimental.yaml")
)


def test_weights_decide_the_share_of_connections(probe, expect):
    call = probe.tcp("tcp://probe-b:8083")
    expect.share(call, {"backend-v1": 0.9, "backend-v2": 0.1})
