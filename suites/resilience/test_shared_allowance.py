"""Callers share an allowance that one service keeps for all proxies, and get 429 beyond it."""

import pytest

from meshproof.checks import status

pytestmark = pytest.mark.behaviour("RS-14", manifests="shared-allowance.yaml")

ALLOWED = 10
"""Calls of a tenant in a day, as the service's chart says."""


@pytest.fixture(scope="module")
def groundwork(rate_limit_service):
    """Have the service there before the proxies are told to ask it."""


def test_callers_of_two_workloads_share_the_allowance_of_their_tenant(probes, expect):
    expect.allowance(
        probes("probe-a").get("http://backend-v1:8080/"),
        probes("probe-b").get("http://backend-v2:8080/"),
        per="x-tenant",
        let_in=status(200),
        refused=status(429),
        exactly=ALLOWED,
    )


def test_others_are_served_where_one_tenant_has_used_its_allowance_up(probe, expect, key):
    url = "http://backend-v3:8080/"
    expect.converged(probe.get(url, headers={"x-tenant": "miser"}), status(429), in_a_row=1)
    expect.converged(probe.get(url, headers={"x-tenant": key}), status(200), in_a_row=1)
    expect.converged(probe.get(url), status(200))
