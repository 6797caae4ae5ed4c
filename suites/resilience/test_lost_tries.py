"""A try that is slow or reset is given up for another, and the call succeeds.

Here it is one that the called side's proxy answers for, as it does between two sidecars.
"""

import pytest

from meshproof.checks import served_by, status

pytestmark = pytest.mark.behaviour(
    "RS-06", manifests=("lost-tries.istio.yaml", "lost-tries.gateway-api-experimental.yaml")
)


def test_try_whose_connection_is_reset_is_made_at_another_backend(probe, expect):
    call = probe.get("http://backend:8080/?reset=1&only=backend-v1,backend-v2")
    expect.converged(call, status(200) & served_by("backend-v3"))
