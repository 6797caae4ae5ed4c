"""The shop's page is served from inside the mesh and through the gateway: the tutorials' own check."""

import pytest

from meshproof.checks import header, status, title

pytestmark = pytest.mark.behaviour("BI-01", manifests="title.yaml")

TITLE = "Simple Bookstore App"


def test_page_is_served_inside_the_mesh(ratings, expect):
    by_its_proxy = header("server", "envoy")
    page = ratings.get("productpage:9080/productpage")
    expect.converged(page, status(200) & title(TITLE) & by_its_proxy)


def test_page_is_served_through_the_gateway(outside, expect):
    expect.converged(outside.get("/productpage"), status(200) & title(TITLE))
