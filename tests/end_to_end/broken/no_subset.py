"""The route leads to a subset that nobody defined."""

import pytest

from meshproof.checks import served_by

pytestmark = [pytest.mark.behaviour("TM-06", manifests="no-subset.yaml"), pytest.mark.usefixtures("bookinfo")]


def test_is_missed(probe, expect):
    expect.converged(probe.get("http://reviews:9080/reviews/0"), served_by("reviews-v1"))
