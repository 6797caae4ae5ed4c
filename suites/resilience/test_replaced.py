"""Not one call fails while pods are replaced under load."""

import pytest

from meshproof.checks import header, served_by, status

pytestmark = pytest.mark.behaviour("RS-11", manifests="replaced.yaml", long=True)


def test_no_call_fails_while_a_pod_is_deleted_and_replaced(probe, expect, endpoints):
    # Slow enough that a pod is never without calls.
    call = probe.get("http://replaced:8080/?delay=0.2")
    by_the_mesh = status(200) & served_by("replaced") & header("x-route", "replaced")
    expect.converged(call, by_the_mesh)
    with expect.throughout(call, by_the_mesh):
        endpoints.replace("replaced", until_gone=True)
