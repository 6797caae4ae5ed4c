"""A route takes the paths that it names, exactly, by prefix or pattern, and no more."""

import pytest

from meshproof.checks import header, served_by, status

pytestmark = pytest.mark.behaviour("TM-03", manifests=("paths.istio.yaml", "paths.gateway-api.yaml"))


@pytest.mark.parametrize(
    ("named", "other", "workload"),
    [
        pytest.param("/exact", "/exact/and/more", "backend-v1", id="exact"),
        pytest.param("/prefix/and/more", "/prefixed", "backend-v2", id="prefix"),
        pytest.param("/item-42", "/item-42-b", "backend-v3", id="pattern"),
    ],
)
def test_route_takes_the_paths_that_it_names_and_no_more(probe, expect, named, other, workload):
    expect.converged(probe.get(f"http://backend:8080{named}"), status(200) & served_by(workload))
    nobody = status(404) & header("x-served-workload", None)
    expect.converged(probe.get(f"http://backend:8080{other}"), nobody)
