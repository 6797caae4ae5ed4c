"""Calls beyond the connection pool's limit are refused at once, and counted.

The limit of calls under way is exact (its name, http2MaxRequests, is older than that it holds for HTTP/1.1,
too). That of connections is not: each thread of a proxy may have one, and how many threads there are is for
the machine to say.
"""

import pytest

from meshproof.checks import faster_than, flagged, grpc_status, header, status

pytestmark = pytest.mark.behaviour("RS-07", manifests="connection-pool.yaml", long=True)

LIMIT = 4
"""Calls under way, as the manifest says."""

LEAST, MOST = 2, 8
"""Of calls, where one connection for each thread is let in, and one call that waits: for up to 7 threads."""

BUSY = 1
"""Seconds that a call takes where it is let in."""

OVERLOADED = header("x-envoy-overloaded", "true") & faster_than(BUSY)
UNAVAILABLE = 14


@pytest.fixture
def overflow(counters, run):
    """Return what reads how often a Service was too much for probe-a's proxy."""
    proxy = counters("probe-a")
    return lambda service, what: proxy.of_upstream(
        f"{service}.{run.namespace}.svc.cluster.local", f"upstream_rq_{what}_overflow"
    )


def test_calls_beyond_the_limit_are_refused_logged_and_counted(probe, expect, access_log, overflow, key):
    before = overflow("backend-v1", "active")
    call = probe.get(f"http://backend-v1:8080/{key}?delay={BUSY}")
    crowd = expect.crowd(call, let_in=status(200), refused=status(503) & OVERLOADED, most=LIMIT)
    refused = crowd.passes - LIMIT
    expect.eventually(
        lambda: access_log("probe-a").of(key),
        flagged("UO", least=refused),
        what="access log of probe-a's proxy",
        expected=f"{refused} calls with the flag UO",
    )
    assert overflow("backend-v1", "active") - before >= refused


def test_grpc_calls_beyond_the_limit_are_unavailable(probe, expect):
    call = probe.grpc(f"grpc://backend-v1:8082?delay={BUSY}")
    expect.crowd(call, let_in=grpc_status(0), refused=grpc_status(UNAVAILABLE) & OVERLOADED, most=LIMIT)


def test_calls_beyond_those_that_may_wait_are_refused_and_counted(probe, expect, overflow):
    before = overflow("backend-v2", "pending")
    call = probe.get(f"http://backend-v2:8080/?delay={BUSY}")
    crowd = expect.crowd(call, let_in=status(200), refused=status(503) & OVERLOADED, least=LEAST, most=MOST)
    assert overflow("backend-v2", "pending") - before >= crowd.passes - MOST
