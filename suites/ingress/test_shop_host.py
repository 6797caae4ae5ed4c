"""The gateway routes the host that it was told to, and answers 404 for any other."""

import pytest

from meshproof.checks import status, title

pytestmark = pytest.mark.behaviour("IN-01", manifests=("shop-host.istio.yaml", "shop-host.gateway-api.yaml"))


def test_gateway_routes_its_host_and_answers_404_for_any_other(outside, expect):
    known = outside.get("/productpage", headers={"host": "shop.example"})
    unknown = outside.get("/productpage", headers={"host": "nobody.example"})
    expect.converged(known, status(200) & title("Simple Bookstore App"))
    expect.converged(unknown, status(404))
