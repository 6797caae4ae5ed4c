"""A broken certificate takes down its own host and no other: through Istio's own Gateway.

Not offered: istiod sends a Secret whose key is not the certificate's on to the proxy, in one response with
the others. Envoy rejects that response (KEY_VALUES_MISMATCH); of the good certificates in it some are
loaded and some are not, and the hosts of the latter reset every connection until their Secrets change.
Where the proxy holds a broken one already, a new listener with it is rejected as a whole, and all of its
hosts refuse connections. So the same test passes or fails by chance: with Istio 1.31-dev, Envoy 1.40 and
one good host beside the broken one, it failed in 3 of 4 runs. It is known as envoyproxy/envoy#42438 and,
with another control plane, as envoyproxy/gateway#9463. Through the Gateway API istiod looks at the key
first, and leaves the listener out.
"""

import pytest

pytestmark = pytest.mark.behaviour("IN-06", manifests="broken-certificate.istio.yaml")


def test_broken_certificate_takes_down_its_own_host_alone():
    pytest.skip("one broken Secret makes Envoy reject the good ones sent with it: envoyproxy/envoy#42438")
