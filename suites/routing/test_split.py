"""Weights decide what share of the calls each backend gets, in every protocol that HTTP carries."""

import pytest

from meshproof.traffic import Protocol
from meshproof.traffic.sampling import who_served

pytestmark = pytest.mark.behaviour("TM-06", manifests=("split.istio.yaml", "split.gateway-api.yaml"))


def by_this_route(reply):
    """Name who served a reply that the route has marked; no other counts, nor lets the sample begin."""
    return who_served(reply) if reply.headers.get("x-route") == "weighted" else f"{reply}, by another route"


@pytest.mark.parametrize(
    ("call_of", "second"),
    [
        pytest.param(lambda probe: probe.get("http://backend:8080/"), 0.05, id="http1"),
        pytest.param(
            lambda probe: probe.get("http://backend:8081/", protocol=Protocol.HTTP2), 0.05, id="http2"
        ),
        pytest.param(lambda probe: probe.grpc("grpc://backend:8082"), 0.05, id="grpc"),
        pytest.param(lambda probe: probe.websocket("ws://backend:8080/conversation"), 0.1, id="websocket"),
    ],
)
def test_weights_decide_the_share_of_each_backend(probe, expect, call_of, second):
    shares = {"backend-v1": 1 - second, "backend-v2": second}
    expect.share(call_of(probe), shares, by=by_this_route)
