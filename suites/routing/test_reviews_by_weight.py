"""Weights decide what share of the calls each version of reviews gets."""

import pytest

from meshproof.checks import header, status

pytestmark = [
    pytest.mark.behaviour(
        "TM-06", manifests=("reviews-by-weight.istio.yaml", "reviews-by-weight.gateway-api.yaml")
    ),
    pytest.mark.usefixtures("bookinfo"),
]


def test_weights_decide_the_share_of_each_version(probe, expect):
    call = probe.get("http://reviews:9080/reviews/0")
    expect.converged(call, status(200) & header("x-route", "weighted"))
    expect.share(call, {"reviews-v1": 0.95, "reviews-v3": 0.05})
