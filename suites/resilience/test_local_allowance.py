"""A workload answers 429 beyond its allowance, and serves again once that has refilled."""

import pytest

from meshproof.checks import status

pytestmark = pytest.mark.behaviour("RS-13", manifests="local-allowance.yaml")

ALLOWED = 10
"""Calls of a tenant, as the manifest says."""

URL = "http://backend-v1:8080/"


def test_so_many_calls_of_a_tenant_are_served_and_all_further_ones_refused(probe, expect):
    expect.allowance(probe.get(URL), per="x-tenant", let_in=status(200), refused=status(429), exactly=ALLOWED)


def test_tenant_without_allowance_left_is_served_again_once_it_has_refilled(probe, expect):
    call = probe.get(URL, headers={"x-tenant": "patient"})
    expect.converged(call, status(429), in_a_row=1)
    expect.converged(call, status(200), in_a_row=1)


def test_others_are_served_where_one_tenant_has_used_its_allowance_up(probe, expect, key):
    expect.converged(probe.get(URL, headers={"x-tenant": "patient"}), status(429), in_a_row=1)
    expect.converged(probe.get(URL, headers={"x-tenant": key}), status(200), in_a_row=1)
    expect.converged(probe.get(URL), status(200))
