"""The first rule that matches decides; what matches none goes to the last."""

import pytest

from meshproof.checks import served_by, status

pytestmark = pytest.mark.behaviour(
    "TM-14", manifests=("rule-order.istio.yaml", "rule-order.gateway-api.yaml")
)


@pytest.mark.parametrize(
    ("headers", "workload"),
    [
        pytest.param({"beta": "yes", "tier": "gold"}, "backend-v2", id="both-match-first-decides"),
        pytest.param({"beta": "yes"}, "backend-v1", id="second-matches"),
        pytest.param({"beta": "no", "tier": "silver"}, "backend-v3", id="none-matches"),
    ],
)
def test_first_rule_that_matches_decides(probe, expect, headers, workload):
    call = probe.get("http://backend:8080/", headers=headers)
    expect.converged(call, status(200) & served_by(workload))
