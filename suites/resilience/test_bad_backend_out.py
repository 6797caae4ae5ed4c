"""A backend that keeps failing gets no calls for a while, and then again."""

import pytest

from meshproof.checks import served_by, status

pytestmark = pytest.mark.behaviour("RS-08", manifests="bad-backend-out.yaml")

OUT = 3.0
"""Seconds, as the manifest says."""

ENOUGH = 40
"""Calls that all pass by one backend of three once in 10 million times. More may not fit into the seconds."""


def test_failing_backend_gets_no_calls_for_a_while_and_then_again(probe, expect):
    # Not 503, which the mesh would try again elsewhere before it shows.
    failing = probe.get("http://backend:8080/?status=500&only=backend-v1")
    begun = expect.converged(failing, status(200), in_a_row=ENOUGH)
    back = expect.converged(probe.get("http://backend:8080/"), served_by("backend-v1"), in_a_row=1)
    # Others had answered before it was taken out, so that it was out for no longer than this.
    assert back.first_pass - begun.first_pass >= OUT
