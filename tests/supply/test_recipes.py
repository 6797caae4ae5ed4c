from pathlib import Path

import pytest

from meshproof.supply.recipe import build_order, needs
from meshproof.supply.recipes import (
    CLUSTER_IMAGES,
    HOST_TOOLS,
    NODE_IMAGES,
    ON_DEMAND,
    SERVICES,
    package_pins,
    recipes,
    required_version,
)
from meshproof.supply.registry import pins

HOUSE = Path(__file__).parents[2]


@pytest.mark.parametrize(
    "text",
    ["require k8s.io/kubernetes v1.34.4\n", "require (\n\tk8s.io/kubernetes v1.34.4 // indirect\n)\n"],
    ids=["single", "block"],
)
def test_a_version_is_read_from_go_mod(tmp_path, text):
    (tmp_path / "go.mod").write_text(text)
    assert required_version(tmp_path / "go.mod", "k8s.io/kubernetes") == "v1.34.4"


def test_a_module_that_is_not_required_is_an_error(tmp_path):
    (tmp_path / "go.mod").write_text("require k8s.io/kubernetes-more v1.0.0\n")
    with pytest.raises(ValueError, match=r"does not require k8s\.io/kubernetes"):
        required_version(tmp_path / "go.mod", "k8s.io/kubernetes")


def test_versions_come_from_go_mod_and_the_pins(house):
    found = recipes(house)
    assert found["kubernetes"].arguments == found["node"].arguments == {"VERSION": "v1.34.4"}
    assert found["helm"].arguments == {"VERSION": "v3.22.0"}
    assert found["istio"].arguments == {"VERSION": package_pins(house)["istio"], "REVISION": "eed52ebb66ad"}


def test_both_supplies_and_istio_have_the_same_gateway_api():
    versions = {
        required_version(HOUSE / "images" / image / "go.mod", "sigs.k8s.io/gateway-api")
        for image in ("gateway-api", "istio")
    }
    assert versions == {pins(HOUSE).gateway_api.version}


def test_both_supplies_have_the_same_rate_limit_service():
    version = required_version(HOUSE / "images" / "ratelimit" / "go.mod", "github.com/envoyproxy/ratelimit")
    tag = pins(HOUSE).images["ratelimit"].rpartition(":")[2]
    assert version.rpartition("-")[2].startswith(tag)


def test_the_node_archives_what_kubernetes_runs(house):
    found = recipes(house)
    names = [*found, "base"]
    assert found["node"].archived == NODE_IMAGES
    assert set(NODE_IMAGES) < set(needs(found["node"], names))


def test_this_house_has_every_image_that_is_asked_for():
    found = recipes(HOUSE)
    order = build_order(found, [*HOST_TOOLS, "node", *CLUSTER_IMAGES, *ON_DEMAND])
    assert order[0] == "base"
    assert set(order) == {*found, "base"}
    for name in order[1:]:
        assert set(needs(found[name], [*found, "base"])) <= set(order[: order.index(name)])


@pytest.mark.parametrize("service", [*(f"bookinfo-{name}" for name in SERVICES), "probe"])
def test_every_service_stands_on_debian_and_has_tests(service):
    recipe = recipes(HOUSE)[service]
    assert needs(recipe, [*recipes(HOUSE), "base"]) == ("base",)
    assert "ARG BASE=docker.io/library/debian:trixie-slim\n" in recipe.dockerfile()
    assert recipe.has_tests()
