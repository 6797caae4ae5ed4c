"""Calls stay in their own zone, and leave it when it has no backend left.

The caller stands in east/east-1, as does backend-v1; backend-v2 is in east/east-2, backend-v3 in west/west-1.
"""

import pytest

from meshproof.checks import served_by, status

pytestmark = pytest.mark.behaviour("TM-16", manifests="zones.yaml")


@pytest.fixture
def probe(probes):
    """Return the probe that stands in a zone."""
    return probes("probe-b")


def test_each_zone_gets_the_share_that_it_was_given(probe, expect):
    expect.share(probe.get("http://backend:8080/shared"), {"backend-v1": 0.95, "backend-v3": 0.05})


def test_calls_go_to_the_nearest_zone_that_has_a_backend(probe, expect, endpoints):
    call = probe.get("http://backend:8080/home")
    expect.converged(call, status(200) & served_by("backend-v1"))
    with endpoints.without("backend-v1"):
        expect.converged(call, status(200) & served_by("backend-v2"))
    with endpoints.without("backend-v1", "backend-v2"):
        expect.converged(call, status(200) & served_by("backend-v3"))
    expect.converged(call, status(200) & served_by("backend-v1"))
