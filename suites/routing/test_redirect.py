"""A redirect carries exactly the status, scheme, port and path that were asked for.

Not here, because Istio does not do it: a scheme alone does not change the port. A call of
http://backend:8080 is sent to https://backend:8080, also where the VirtualService says derivePort
FROM_PROTOCOL_DEFAULT, and although the Gateway API wants the scheme's own port then. Envoy drops only a
port that is the default of the scheme that it replaces (istio/istio#44798 tells of such a redirect).
"""

import pytest

from meshproof.checks import header, status

pytestmark = pytest.mark.behaviour("TM-11", manifests=("redirect.istio.yaml", "redirect.gateway-api.yaml"))


@pytest.mark.parametrize(
    ("path", "code", "location"),
    [
        pytest.param("/path", 301, "http://backend:8080/new", id="path"),
        pytest.param("/host", 302, "http://new.example:8080/host", id="host"),
        pytest.param("/scheme", 303, "https://new.example/scheme", id="scheme"),
        pytest.param("/port", 307, "http://backend:8888/port", id="port"),
        pytest.param("/all", 308, "https://new.example:8443/new", id="all-at-once"),
    ],
)
def test_redirect_carries_what_was_asked_for(probe, expect, path, code, location):
    call = probe.get(f"http://backend:8080{path}")
    expect.converged(call, status(code) & header("location", location))
