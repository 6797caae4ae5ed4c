"""Not one call fails while pods are replaced under load."""

import pytest

from meshproof.checks import served_by, status

pytestmark = pytest.mark.behaviour("RS-11", manifests="replaced.yaml")


def test_no_call_fails_while_a_pod_is_deleted_and_replaced(probe, expect, endpoints):
    # Slow enough that a pod is never without calls.
    call = probe.get("http://replaced:8080/?delay=0.2")
    expect.converged(call, status(200) & served_by("replaced"))
    with expect.throughout(call, status(200) & served_by("replaced")):
        endpoints.replace("replaced", until_gone=True)
