"""The calling proxy does not take what the control plane sends."""

import pytest

from meshproof.checks import served_by

pytestmark = [pytest.mark.behaviour("OB-02", manifests="rejected.yaml"), pytest.mark.usefixtures("bookinfo")]


def test_is_missed(probe, expect):
    expect.converged(probe.get("http://reviews:9080/reviews/0"), served_by("reviews-v1"))
