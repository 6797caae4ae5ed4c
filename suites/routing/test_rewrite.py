"""The backend sees the rewritten path and host name."""

import pytest

from meshproof.checks import saw_host, saw_path, served_by, status

pytestmark = pytest.mark.behaviour("TM-10", manifests=("rewrite.istio.yaml", "rewrite.gateway-api.yaml"))


@pytest.mark.parametrize(
    ("path", "seen"),
    [
        pytest.param("/prefix/books/7?page=2", saw_path("/new/books/7"), id="prefix-of-the-path"),
        pytest.param("/whole/books/7?page=2", saw_path("/new"), id="whole-path"),
        pytest.param("/host/books/7", saw_host("new.example") & saw_path("/host/books/7"), id="host-alone"),
    ],
)
def test_backend_sees_the_rewritten_address(probe, expect, path, seen):
    call = probe.get(f"http://backend-v1:8080{path}")
    expect.converged(call, status(200) & served_by("backend-v1") & seen)
