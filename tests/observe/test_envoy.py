"""Dumps of a real proxy, shortened."""

from meshproof.observe.envoy import (
    Endpoint,
    Inbound,
    Rejected,
    Upstream,
    endpoints,
    inbound,
    rejected,
    upstreams,
    virtual_hosts,
)

REVIEWS = "outbound|9080|{}|reviews.bookinfo.svc.cluster.local"
ROUTES = {
    "configs": [
        {
            "@type": "type.googleapis.com/envoy.admin.v3.RoutesConfigDump.DynamicRouteConfig",
            "route_config": {
                "name": "9080",
                "virtual_hosts": [
                    {
                        "name": "reviews.bookinfo.svc.cluster.local:9080",
                        "domains": ["reviews", "reviews.bookinfo"],
                        "routes": [
                            {
                                "match": {
                                    "prefix": "/",
                                    "headers": [{"name": "end-user", "string_match": {"exact": "jason"}}],
                                },
                                "route": {"cluster": REVIEWS.format("v2")},
                                "metadata": {
                                    "filter_metadata": {
                                        "istio": {
                                            "config": "/apis/networking.istio.io/v1/namespaces/bookinfo"
                                            "/virtual-service/by-reader"
                                        }
                                    }
                                },
                            },
                            {
                                "match": {"prefix": "/"},
                                "route": {
                                    "weighted_clusters": {
                                        "clusters": [
                                            {"name": REVIEWS.format("v1"), "weight": 80},
                                            {"name": REVIEWS.format("v3"), "weight": 20},
                                        ]
                                    }
                                },
                            },
                            {"match": {"path": "/gone"}, "redirect": {"path_redirect": "/here"}},
                        ],
                    }
                ],
            },
        }
    ]
}


def test_routes_say_what_they_match_where_they_lead_and_whose_they_are():
    (host,) = virtual_hosts(ROUTES)
    by_header, weighted, redirect = host.routes
    assert (host.table, host.domains) == ("9080", ("reviews", "reviews.bookinfo"))
    assert by_header.headers == {"end-user"}
    assert by_header.origin == "VirtualService by-reader"
    assert not by_header.default
    assert weighted.clusters == (REVIEWS.format("v1"), REVIEWS.format("v3"))
    assert weighted.default
    assert redirect.clusters == ()


def test_clusters_say_what_they_speak():
    socket = {"name": "envoy.transport_sockets.tls"}
    document = {
        "configs": [
            {"cluster": {"name": "auto", "transport_socket_matches": [{"name": "tlsMode-istio"}]}},
            {"cluster": {"name": "tls", "transport_socket": socket}},
            {"cluster": {"name": "plain"}},
        ]
    }
    assert upstreams(document) == {
        "auto": Upstream.AUTO,
        "tls": Upstream.TLS,
        "plain": Upstream.PLAINTEXT,
    }


def test_endpoints_say_why_they_get_no_calls():
    def host(number, **health):
        return {
            "address": {"socket_address": {"address": f"10.0.0.{number}", "port_value": 9080}},
            "health_status": health,
        }

    statuses = [
        host(1, eds_health_status="HEALTHY"),
        host(2, eds_health_status="UNHEALTHY"),
        host(3, failed_outlier_check=True, eds_health_status="HEALTHY"),
    ]
    found = endpoints({"cluster_statuses": [{"name": "a", "host_statuses": statuses}, {"name": "b"}]})
    assert found == {
        "a": (
            Endpoint("10.0.0.1:9080"),
            Endpoint("10.0.0.2:9080", "unhealthy"),
            Endpoint("10.0.0.3:9080", "failed_outlier_check"),
        ),
        "b": (),
    }


def test_rejected_update_names_its_part_and_is_told_once():
    kind = "type.googleapis.com/envoy.admin.v3.ListenersConfigDump.DynamicListener"
    broken = {"details": "script load error:\n no lua"}
    document = {
        "configs": [
            {"@type": kind, "name": "0.0.0.0_8080"},
            {"@type": kind, "name": "0.0.0.0_9080", "error_state": broken},
            {"@type": kind, "error_state": broken},
        ]
    }
    assert rejected(document) == (Rejected("Listener", "0.0.0.0_9080", "script load error: no lua"),)


def listener(*chains):
    return {
        "configs": [{"name": "virtualInbound", "active_state": {"listener": {"filter_chains": list(chains)}}}]
    }


TLS = {"transport_socket": {"name": "envoy.transport_sockets.tls"}}


def chain(transport=None, port=None, **more):
    match = {"transport_protocol": transport, "destination_port": port}
    return {"filter_chain_match": {name: value for name, value in match.items() if value}, **more}


def test_inbound_listener_says_what_a_port_accepts():
    permissive = (chain("tls", 9080, **TLS), chain("raw_buffer", 9080))
    strict = (chain("tls", 9080, **TLS), chain("raw_buffer"))
    assert inbound(listener(*permissive), 9080) == Inbound(plaintext=True, tls=True)
    assert inbound(listener(*strict), 9080) == Inbound(plaintext=False, tls=True)
    assert inbound(listener(chain(None, 9080)), 9080) == Inbound(plaintext=True, tls=False)


def test_port_without_chains_of_its_own_takes_the_general_ones():
    assert inbound(listener(chain("tls", 1, **TLS), chain("raw_buffer")), 9080) == Inbound(
        plaintext=True, tls=False
    )


def test_proxy_without_inbound_listener_accepts_nothing_that_is_known():
    assert inbound({"configs": []}, 9080) is None
    assert inbound({}, 9080) is None
