"""A client without sidecar calls a workload that takes mutual TLS only."""

import pytest

from meshproof.checks import served_by

pytestmark = [
    pytest.mark.behaviour("SE-01", manifests="plaintext-caller.yaml"),
    pytest.mark.usefixtures("bookinfo"),
]


def test_is_missed(plain_probe, expect):
    expect.converged(plain_probe.get("http://details:9080/details/0"), served_by("details-v1"))
