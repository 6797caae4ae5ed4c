"""A try that is slow or reset is given up for another, and the call succeeds.

Through HTTPRoute only what test_lost_tries.py shows is tried again. Istio gives Envoy its `retry` as
connect-failure and the codes, and its `backendRequest` as the time of each try; but a try that takes too long
has no code for Envoy: the call ends with 504 after one, whatever the codes are. A reset that no proxy answers
for ends with 503 after one. The specification says of both that they should be tried again, not that they
must; of timeouts it is known: kubernetes-sigs/gateway-api#4977. And connect-failure is what a mesh tries
again by itself, which only a VirtualService can forbid.
"""

import pytest

from meshproof.checks import served_by, status

pytestmark = pytest.mark.behaviour("RS-06", manifests="slow-tries.yaml")


def test_slow_try_is_given_up_for_one_at_a_fast_backend(probe, expect):
    call = probe.get("http://backend:8080/?delay=1&only=backend-v1,backend-v2")
    expect.converged(call, status(200) & served_by("backend-v3"))


def test_reset_try_is_made_again(probe, probes, expect):
    # No sidecar at the called side: it would answer 503 in place of the reset.
    call = probe.get("http://probe-plain:8080/?fail_first=1&fail_with=reset")
    expect.attempts(call, at=probes("probe-plain"), exactly=2, check=status(200))


def test_try_at_an_address_that_refuses_is_made_at_another(probe, expect):
    expect.converged(probe.get("http://probe-plain:8080/half"), status(200) & served_by("probe-plain"))
