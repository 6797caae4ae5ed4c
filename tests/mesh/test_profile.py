from pathlib import Path

import pytest

from meshproof.errors import ExitCode
from meshproof.mesh import profile
from meshproof.supply.model import Charts, ProxyBuild, Supplied, Tools

HOUSE = Path(__file__).resolve().parents[2]


def supplied(proxy: ProxyBuild) -> Supplied:
    nowhere = Path("nowhere")
    return Supplied(
        supply="packages",
        tools=Tools(nowhere, nowhere, nowhere, None),
        charts=Charts("", "", ""),
        gateway_api=nowhere,
        istio_version="",
        node_image="",
        images={"pilot": "r/pilot:1", "proxyv2": "r/proxyv2:2"},
        load=(),
        archive=None,
        proxy=proxy,
        own_network=True,
    )


def test_mappings_are_merged_and_all_else_is_replaced():
    assert profile.merge({"a": {"x": 1, "y": 2}, "l": [1]}, {"a": {"y": 3}, "l": [2]}) == {
        "a": {"x": 1, "y": 3},
        "l": [2],
    }


def test_istiod_runs_the_supplied_images():
    found = profile.values(HOUSE, "demo", "istiod", supplied(ProxyBuild.ISTIO))
    assert found["image"] == "r/pilot:1"
    assert found["global"]["proxy"]["image"] == "r/proxyv2:2"
    assert found["global"]["proxy_init"]["image"] == "r/proxyv2:2"


def test_filters_that_only_istios_proxy_has_are_off_for_stock_envoy_alone():
    stock = profile.values(HOUSE, "demo", "istiod", supplied(ProxyBuild.STOCK))
    istio = profile.values(HOUSE, "demo", "istiod", supplied(ProxyBuild.ISTIO))
    assert stock["env"]["PILOT_ENABLE_METADATA_EXCHANGE"] == "false"
    assert stock["telemetry"]["enabled"] is False
    assert "PILOT_ENABLE_METADATA_EXCHANGE" not in istio["env"]
    assert "telemetry" not in istio
    # The overlay adds to the profile and takes nothing away.
    assert stock["meshConfig"]["extensionProviders"] == istio["meshConfig"]["extensionProviders"]


@pytest.mark.parametrize("name", ["nobody", "stock-envoy"])
def test_an_unknown_profile_is_refused_with_those_that_exist(name):
    with pytest.raises(profile.UnknownProfile, match="use one of: demo") as raised:
        profile.values(HOUSE, name, "istiod", supplied(ProxyBuild.ISTIO))
    assert raised.value.exit_code == ExitCode.USAGE
