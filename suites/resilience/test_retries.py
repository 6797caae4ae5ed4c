"""A failing call is tried exactly as often as was asked for."""

import pytest

from meshproof.checks import received, status

pytestmark = pytest.mark.behaviour(
    "RS-05", manifests=("retries.istio.yaml", "retries.gateway-api-experimental.yaml")
)

RETRIES = 3
"""As the manifests say."""

URL = "http://backend-v1:8080/"


def test_failing_call_is_tried_so_often_and_one_that_fails_otherwise_once(probe, probes, expect):
    failing, otherwise = probe.get(f"{URL}?status=503"), probe.get(f"{URL}?status=500")
    expect.attempts(failing, at=probes("backend-v1"), exactly=1 + RETRIES, check=status(503))
    expect.converged(otherwise, status(500) & received("x-envoy-attempt-count", "1"))


def test_call_succeeds_and_is_tried_no_more_when_the_backend_recovers(probe, probes, expect):
    call = probe.get(f"{URL}?fail_first=2")
    expect.attempts(call, at=probes("backend-v1"), exactly=3, check=status(200))
