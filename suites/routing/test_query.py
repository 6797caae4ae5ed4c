"""A query parameter decides which backend answers."""

import pytest

from meshproof.checks import served_by, status

pytestmark = pytest.mark.behaviour("TM-04", manifests=("query.istio.yaml", "query.gateway-api.yaml"))


@pytest.mark.parametrize(
    ("query", "workload"),
    [
        pytest.param("?page=3&version=two", "backend-v2", id="value-that-is-named"),
        pytest.param("?version=twofold", "backend-v1", id="other-value"),
    ],
)
def test_query_parameter_selects_the_backend(probe, expect, query, workload):
    call = probe.get(f"http://backend:8080/{query}")
    expect.converged(call, status(200) & served_by(workload))
