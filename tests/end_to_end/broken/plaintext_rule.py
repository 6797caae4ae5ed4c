"""A DestinationRule makes proxies speak plaintext to a workload that takes mutual TLS only."""

import pytest

from meshproof.checks import served_by

pytestmark = [
    pytest.mark.behaviour("SE-04", manifests="plaintext-rule.yaml"),
    pytest.mark.usefixtures("bookinfo"),
]


def test_is_missed(probe, expect):
    expect.converged(probe.get("http://reviews:9080/reviews/0"), served_by("reviews-v1"))
