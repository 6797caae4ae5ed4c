"""The HTTP method decides which backend answers."""

import pytest

from meshproof.checks import header, served_by, status

pytestmark = pytest.mark.behaviour("TM-05", manifests=("method.istio.yaml", "method.gateway-api.yaml"))

URL = "http://backend:8080/"


@pytest.mark.parametrize(("method", "workload"), [("GET", "backend-v1"), ("POST", "backend-v2")])
def test_method_selects_the_backend(probe, expect, method, workload):
    expect.converged(probe.call(method, URL), status(200) & served_by(workload))


def test_method_that_no_rule_names_is_answered_404_by_no_backend(probe, expect):
    expect.converged(probe.call("DELETE", URL), status(404) & header("x-served-workload", None))
