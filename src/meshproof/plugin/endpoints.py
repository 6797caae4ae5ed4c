"""Fixtures for suites that take something away and bring it back: endpoints, pods, the control plane."""

import pytest
from kubernetes.client import ApiClient

from meshproof.endpoints import Endpoints
from meshproof.outage import Outage
from meshproof.plugin.waits import waits_of
from meshproof.run import Run
from meshproof.traffic import Budgets


@pytest.fixture
def endpoints(
    request: pytest.FixtureRequest,
    api: ApiClient,
    run: Run,
    budgets: Budgets,
    deployed: None,  # noqa: ARG001 - the probes are deployed
) -> Endpoints:
    """Return what takes probes out of their Services for a while, and what replaces pods."""
    return Endpoints(api, run.namespace, budgets.accept, waits_of(request.config).add)


@pytest.fixture
def outage(request: pytest.FixtureRequest, api: ApiClient, budgets: Budgets) -> Outage:
    """Return what takes the control plane down for a while: for disruptive behaviours alone."""
    return Outage(api, budgets.accept, waits_of(request.config).add)
