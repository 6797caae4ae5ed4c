"""Nobody is called nobody."""

import pytest

from meshproof.checks import served_by

pytestmark = pytest.mark.behaviour("BI-01")


def test_is_missed(probe, expect):
    expect.converged(probe.get("http://nobody:9080/"), served_by("nobody-v1"))
