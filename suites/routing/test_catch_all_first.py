"""A rule that takes everything shadows all that stand behind it.

Istio's API alone goes by order: the Gateway API puts the rule that says more before the one that says less.
"""

import pytest

from meshproof.checks import served_by, status

pytestmark = pytest.mark.behaviour("TM-14", manifests="catch-all-first.yaml")


def test_rule_behind_a_catch_all_takes_nothing(probe, expect):
    call = probe.get("http://backend:8080/", headers={"tier": "gold"})
    expect.converged(call, status(200) & served_by("backend-v1"))
