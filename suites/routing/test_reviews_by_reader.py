"""The end-user header decides which version of reviews a reader sees."""

import pytest

from meshproof.checks import served_by, status

pytestmark = [
    pytest.mark.behaviour(
        "TM-02", manifests=("reviews-by-reader.istio.yaml", "reviews-by-reader.gateway-api.yaml")
    ),
    pytest.mark.usefixtures("bookinfo"),
]


@pytest.mark.parametrize(
    ("headers", "workload"),
    [
        pytest.param({"end-user": "jason"}, "reviews-v2", id="jason-sees-v2"),
        pytest.param({"end-user": "alice"}, "reviews-v1", id="alice-sees-v1"),
        pytest.param({}, "reviews-v1", id="signed-out-sees-v1"),
    ],
)
def test_end_user_header_selects_reviews_version(probe, expect, headers, workload):
    call = probe.get("http://reviews:9080/reviews/0", headers=headers)
    expect.converged(call, status(200) & served_by(workload))
