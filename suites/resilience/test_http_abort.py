"""An injected HTTP error hits the share of the calls that was asked for."""

import pytest

from meshproof.checks import served_by, status

pytestmark = [
    pytest.mark.behaviour("RS-02", manifests="http-abort.yaml"),
    pytest.mark.usefixtures("bookinfo"),
]


def outcome(reply):
    """Return the status, and the route by which it came: only those of the manifest count."""
    return f"{reply.status} {reply.headers.get('x-route')}"


def test_abort_hits_every_call_of_the_matched_user_alone(probe, expect):
    ratings = "http://ratings:9080/ratings/0"
    expect.converged(probe.get(ratings, headers={"end-user": "jason"}), status(500))
    expect.converged(probe.get(ratings, headers={"end-user": "alice"}), status(200) & served_by("ratings-v1"))


def test_abort_hits_the_stated_share_of_calls(probe, expect):
    call = probe.get("http://backend:8080/")
    expect.share(call, {"200 faulty": 0.95, "418 faulty": 0.05}, by=outcome)
