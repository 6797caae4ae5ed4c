"""Routes and mutual TLS hold while the control plane is down; changes come after.

The change is that the only backend of the route leaves its Service. Istio's own objects cannot even be stored
meanwhile: the webhook that judges them is the control plane's, and without it they are refused.
"""

from contextlib import ExitStack

import pytest

from meshproof.checks import refused, saw_header, served_by, status

pytestmark = pytest.mark.behaviour("RS-12", manifests="no-control-plane.yaml")

BACKEND = "http://backend:8080/"


def test_routes_and_mutual_tls_hold_and_a_change_comes_after(probe, plain_probe, expect, endpoints, outage):
    call, plain = probe.get(BACKEND), plain_probe.get(BACKEND)
    routed = status(200) & served_by("backend-v2") & saw_header("x-forwarded-client-cert", "/sa/probe-a")
    expect.converged(call, routed)
    expect.converged(plain, refused("reset", "closed"))
    with ExitStack() as change:
        with outage.of_control_plane():
            change.enter_context(endpoints.without("backend-v2"))
            expect.always(call, routed)
            expect.always(plain, refused("reset", "closed"))
        expect.converged(call, status(503))
    expect.converged(call, routed)
