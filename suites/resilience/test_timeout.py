"""A call that takes too long is ended at its timeout with status 504.

The caller's proxy ends it, and says so in its access log: UT. How long that takes is measured over HTTP/1.1:
a channel of gRPC costs its sender more on a busy machine than the timeout itself. A call of gRPC takes its
deadline along, in grpc-timeout. Who is first at the same moment decides how it ends: the caller's proxy with
14, UNAVAILABLE, or the called side with 4, DEADLINE_EXCEEDED.
"""

import pytest

from meshproof.checks import Check, flagged, status

pytestmark = pytest.mark.behaviour(
    "RS-04", manifests=("timeout.istio.yaml", "timeout.gateway-api.yaml"), long=True
)

TIMEOUT = 0.3
"""Seconds, as the manifests say."""

ENDED = Check("gRPC status 4 or 14", lambda reply: None if reply.grpc_status in {4, 14} else str(reply))


def test_slow_call_ends_at_its_timeout_and_is_logged_so(probe, expect, access_log, key):
    slow = probe.get(f"http://backend:8080/{key}?delay=3")
    floor = probe.get("http://backend:8080/")
    ended = expect.takes(slow, least=TIMEOUT, most=TIMEOUT, floor=floor, check=status(504))
    expect.eventually(
        lambda: access_log("probe-a").of(key),
        flagged("UT", least=ended.passes),
        what="access log of probe-a's proxy",
        expected=f"{ended.passes} calls with the flag UT",
    )


def test_slow_grpc_call_is_ended(probe, expect):
    expect.converged(probe.grpc("grpc://backend:8082?delay=1"), ENDED)
