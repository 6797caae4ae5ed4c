"""No route of ratings looks at the reader."""

import pytest

from meshproof.checks import served_by

pytestmark = [pytest.mark.behaviour("TM-01"), pytest.mark.usefixtures("bookinfo")]


def test_is_missed(probe, expect):
    expect.converged(
        probe.get("http://ratings:9080/ratings/0", headers={"end-user": "jason"}), served_by("ratings-v2")
    )
