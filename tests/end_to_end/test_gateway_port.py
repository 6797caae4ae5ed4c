"""The shop is served whichever port its Gateway names: the tutorials have had the Service's and the pods'."""

import pytest
from shops import Shop

from meshproof.checks import status, title
from meshproof.traffic import Expect


@pytest.fixture(scope="module")
def shop(demo, helm, namespace) -> Shop:
    return Shop(demo, helm, namespace("port"))


@pytest.mark.parametrize("port", [80, 8080])
def test_a_gateway_of_either_port_serves_the_shop(shop, port):
    shop.install(gateway={"enabled": True, "hosts": [shop.host], "port": port})
    page = shop.outside().get("/productpage")
    Expect().converged(page, status(200) & title("Simple Bookstore App"))
