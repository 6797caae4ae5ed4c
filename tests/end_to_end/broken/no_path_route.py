"""The only route of reviews takes another path."""

import pytest

from meshproof.checks import served_by

pytestmark = [
    pytest.mark.behaviour("TM-02", manifests="no-path-route.yaml"),
    pytest.mark.usefixtures("bookinfo"),
]


def test_is_missed(probe, expect):
    expect.converged(probe.get("http://reviews:9080/reviews/0"), served_by("reviews-v1"))
