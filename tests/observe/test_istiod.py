"""What is read off istiod's debug pages, and which istiods are asked."""

import json

import pytest

from meshproof.observe.istiod import Config, ControlPlane, Counts
from meshproof.observe.tunnel import CannotForward

CLUSTER = "type.googleapis.com/envoy.config.cluster.v3.Cluster"
SYNCED = {
    "proxy": "reviews-v1-1.shop",
    "cluster_sent": "n1",
    "cluster_acked": "n1",
    "route_sent": "n2",
    "route_acked": "n2",
    "endpoint_sent": "n3",
    "endpoint_acked": "n3",
}
METRICS = """# HELP pilot_debounce_time Delay in seconds
pilot_debounce_time_bucket{le="0.1"} 3
pilot_debounce_time_sum 1.5
pilot_debounce_time_count 12
pilot_inbound_updates{type="config"} 60
pilot_inbound_updates{type="eds"} 4
pilot_pushcontext_init_seconds_sum 0.25
pilot_pushcontext_init_seconds_count 13
pilot_proxy_queue_time_count 40
pilot_xds{version="1.31.0"} 7
pilot_xds{version="1.30.2"} 2
pilot_xds_pushes{type="cds"} 90
"""
PAGES = {"/debug/syncz?namespace=shop": [SYNCED], "/metrics": METRICS, "/debug/configz": []}


class Page:
    def __init__(self, pages):
        self.pages = pages
        self.closed = False

    def get(self, path):
        page = self.pages[path]
        return (page if isinstance(page, str) else json.dumps(page)).encode()

    def close(self):
        self.closed = True


def connected(**pages):
    opened = {name: Page({**PAGES, **each}) for name, each in pages.items()}
    found = ControlPlane(lambda: list(opened), opened.__getitem__)
    found.connect()
    return found, opened


def test_state_has_the_proxies_of_every_istiod_and_the_counts_of_each():
    other = {**SYNCED, "proxy": "ratings-v1-1.shop"}
    control_plane, _ = connected(a={}, b={"/debug/syncz?namespace=shop": [other], "/metrics": ""})
    state = control_plane.state("shop")
    assert set(state.proxies) == {"reviews-v1-1.shop", "ratings-v1-1.shop"}
    counted = Counts(updates=60, pushes=12, worked=0.25, gathered=1.5, served=40, connected=9)
    assert state.counts == {"a": counted, "b": Counts()}


def test_proxies_of_other_namespaces_are_left_out_even_where_istiod_names_them():
    others = [SYNCED, {**SYNCED, "proxy": "reviews-v1-1.other"}, {**SYNCED, "proxy": "a.work-shop"}]
    control_plane, _ = connected(a={"/debug/syncz?namespace=shop": others})
    assert set(control_plane.state("shop").proxies) == {"reviews-v1-1.shop"}


@pytest.mark.parametrize(
    ("change", "synced"),
    [
        ({}, True),
        ({"route_acked": "n0"}, False),
        ({"route_acked": ""}, False),
        ({"endpoint_sent": "n4"}, False),
        ({"route_sent": "n4", "resources": {CLUSTER: {"lastError": "Invalid\nduration"}}}, True),
    ],
)
def test_proxy_is_synced_once_it_has_acknowledged_or_refused_all(change, synced):
    control_plane, _ = connected(a={"/debug/syncz?namespace=shop": [{**SYNCED, **change}]})
    (proxy,) = control_plane.state("shop").proxies.values()
    assert proxy.synced is synced
    assert proxy.error == ("Invalid duration" if "resources" in change else "")


def test_endpoints_are_no_part_of_the_configuration():
    control_plane, _ = connected(a={})
    (proxy,) = control_plane.state("shop").proxies.values()
    assert proxy.config == {"cluster": "n1", "route": "n2"}


def test_who_asks_for_the_same_is_known_by_role_and_kinds():
    gateway = {**SYNCED, "proxy": "gateway.shop", "proxy_type": "router"}
    sidecars = [{**SYNCED, "proxy": f"{name}.shop", "proxy_type": "sidecar"} for name in ("a", "b")]
    fewer = {**sidecars[0], "proxy": "c.shop", "route_sent": ""}
    control_plane, _ = connected(a={"/debug/syncz?namespace=shop": [gateway, *sidecars, fewer]})
    found = {name: proxy.subscription for name, proxy in control_plane.state("shop").proxies.items()}
    assert found["a.shop"] == found["b.shop"]
    assert len(set(found.values())) == 3


def test_configs_tell_two_objects_of_one_name_apart_by_their_uid():
    rule = {
        "apiVersion": "networking.istio.io/v1",
        "kind": "DestinationRule",
        "metadata": {"name": "reviews", "namespace": "shop", "uid": "u1", "generation": 3},
    }
    control_plane, _ = connected(a={"/debug/configz": [rule]}, b={"/debug/configz": None})
    assert control_plane.configs() == {"a": {Config.of(rule): 3}, "b": {}}
    made_anew = {**rule, "metadata": {**rule["metadata"], "uid": "u2"}}
    assert Config.of(made_anew) not in control_plane.configs()["a"]
    of_another_version = {**rule, "apiVersion": "networking.istio.io/v1beta1"}
    assert Config.of(of_another_version) in control_plane.configs()["a"]


@pytest.mark.parametrize("page", ["no JSON", "7", [{"kind": "DestinationRule"}], [None]])
def test_page_that_is_none_of_istiods_is_said_to_be_so(page):
    control_plane, _ = connected(a={"/debug/configz": page})
    with pytest.raises(CannotForward, match="page /debug/configz cannot be understood"):
        control_plane.configs()


def test_istiod_that_went_is_asked_no_more_and_a_new_one_is():
    pods, opened = ["a", "b"], {}

    def open_page(pod):
        opened[pod] = Page(PAGES)
        return opened[pod]

    control_plane = ControlPlane(lambda: pods, open_page)
    control_plane.connect()
    first = opened["b"]
    pods[:] = ["b", "c"]
    control_plane.connect()
    assert set(control_plane.state("shop").counts) == {"b", "c"}
    assert opened["a"].closed
    assert opened["b"] is first
    control_plane.close()
    assert all(page.closed for page in opened.values())


def test_no_istiod_is_said():
    with pytest.raises(CannotForward, match="no istiod is ready"):
        ControlPlane(list, Page).connect()


def pod(name, *, ready="True", going=None):
    return {
        "metadata": {"name": name, "deletionTimestamp": going},
        "status": {"conditions": [{"type": "Ready", "status": ready}]},
    }


def test_only_pods_that_are_ready_and_stay_are_connected_to(api, api_server, monkeypatch):
    pods = [pod("a"), pod("b", ready="False"), pod("c", going="2026-11-21T12:00:00Z")]
    api_server.answer("/api/v1/namespaces/istio-system/pods", {"kind": "PodList", "items": pods})
    opened = []
    monkeypatch.setattr("meshproof.observe.istiod.Tunnel", lambda *where: opened.append(where) or Page({}))
    ControlPlane.in_cluster(api).connect()
    assert opened == [(api, "istio-system", "a", 15014)]
    assert api_server.asked == [("/api/v1/namespaces/istio-system/pods", {"labelSelector": "app=istiod"})]


def test_missing_right_to_list_the_pods_is_named(api, api_server):
    api_server.answer("/api/v1/namespaces/istio-system/pods", {"kind": "Status"}, status=403)
    with pytest.raises(CannotForward, match="cannot be listed") as caught:
        ControlPlane.in_cluster(api).connect()
    assert caught.value.next_step == "give this kubeconfig's user the right to list pods in istio-system"
