"""What the proxies of a run know of, and what they do not."""

import pytest
import yaml

from meshproof.run import Run
from meshproof.separation import QUIET, kept_to, no_spans, scope

RUN = Run("1122-0915-ab12")


def test_both_namespaces_of_the_run_are_known_and_those_of_nobody():
    (listener,) = scope(RUN, ["shop", "istio-system"])["spec"]["egress"]
    assert listener["hosts"] == ["./*", f"{RUN.neighbour}/*", "istio-system/*", "shop/*"]


def test_it_holds_for_all_proxies_of_the_namespace():
    assert "workloadSelector" not in scope(RUN, [])["spec"]


def test_no_proxy_of_the_namespace_reports_a_span():
    assert no_spans()["spec"] == {"tracing": [{"disableSpanReporting": True}]}


def test_quiet_pods_say_so_in_words_that_istio_can_read():
    said = yaml.safe_load(QUIET["proxy.istio.io/config"])
    assert said["proxyMetadata"] == {"ISTIO_META_MESHPROOF_METRICS": "off"}


@pytest.mark.parametrize("kind", ["DestinationRule", "ServiceEntry", "VirtualService"])
def test_what_a_manifest_routes_is_sent_to_the_runs_namespaces_alone(kind):
    obj = {"apiVersion": "networking.istio.io/v1", "kind": kind, "spec": {"host": "reviews"}}
    assert kept_to(RUN, obj)["spec"] == {"host": "reviews", "exportTo": [".", RUN.neighbour]}
    assert obj["spec"] == {"host": "reviews"}


def test_services_are_kept_to_the_run_unless_they_say_themselves_to_whom_they_go():
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "replaced"}}
    export = "networking.istio.io/exportTo"
    assert kept_to(RUN, service)["metadata"]["annotations"] == {export: f".,{RUN.neighbour}"}
    secluded = {**service, "metadata": {"name": "secluded", "annotations": {export: "~", "other": "x"}}}
    assert kept_to(RUN, secluded)["metadata"]["annotations"] == {export: "~", "other": "x"}


@pytest.mark.parametrize(
    "obj",
    [
        {"apiVersion": "networking.istio.io/v1", "kind": "VirtualService", "spec": {"exportTo": ["*"]}},
        {"apiVersion": "networking.istio.io/v1", "kind": "Gateway", "spec": {}},
        {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "spec": {}},
        {"apiVersion": "v1", "kind": "Secret"},
    ],
    ids=lambda obj: obj["kind"],
)
def test_every_other_object_stays_as_it_is(obj):
    assert kept_to(RUN, obj) is obj
