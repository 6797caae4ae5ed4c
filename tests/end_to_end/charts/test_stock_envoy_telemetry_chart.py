"""The chart that has upstream's Envoy make the mesh's metrics: in which proxies it does."""

import yaml


def test_only_proxies_that_are_told_so_make_metrics(chart):
    rendered = chart("stock-envoy-telemetry").render()
    filters = [item for item in yaml.safe_load_all(rendered) if item["kind"] == "EnvoyFilter"]
    patches = [patch for item in filters for patch in item["spec"]["configPatches"]]
    assert {patch["match"]["context"] for patch in patches} == {
        "SIDECAR_INBOUND",
        "SIDECAR_OUTBOUND",
        "GATEWAY",
    }
    assert all(patch["match"]["proxy"] == {"metadata": {"MESHPROOF_METRICS": "on"}} for patch in patches)
