"""The route leads to a subset that has no pods."""

import pytest

from meshproof.checks import served_by

pytestmark = [
    pytest.mark.behaviour("RS-01", manifests="no-endpoints.yaml"),
    pytest.mark.usefixtures("bookinfo"),
]


def test_is_missed(probe, expect):
    expect.converged(probe.get("http://reviews:9080/reviews/0"), served_by("reviews-v1"))
