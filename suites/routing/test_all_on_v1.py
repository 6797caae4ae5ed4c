"""A route to a subset sends every call to that version of reviews."""

import pytest

from meshproof.checks import served_by, status

pytestmark = [
    pytest.mark.behaviour("TM-01", manifests=("all-on-v1.istio.yaml", "all-on-v1.gateway-api.yaml")),
    pytest.mark.usefixtures("bookinfo"),
]


def test_route_to_a_subset_reaches_that_version_alone(probe, expect):
    call = probe.get("http://reviews:9080/reviews/0")
    expect.converged(call, status(200) & served_by("reviews-v1"))
