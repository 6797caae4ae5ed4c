"""One failure of each kind, as its facts were on a real mesh, and the line that it is explained with."""

from dataclasses import replace

import pytest

from meshproof.diagnose.facts import Facts, PodSeen, ProxySeen, ServiceSeen
from meshproof.diagnose.hints import hint
from meshproof.diagnose.hop import Hop
from meshproof.observe.access_log import Entry
from meshproof.observe.envoy import Endpoint, Inbound, Rejected, Route, Upstream, VirtualHost

CLUSTER = "outbound|9080||reviews.shop.svc.cluster.local"
SUBSET = "outbound|9080|v9|reviews.shop.svc.cluster.local"
DEFAULT = Route({"prefix": "/"}, (CLUSTER,))
VS = {"kind": "VirtualService", "metadata": {"name": "reviews"}, "spec": {"hosts": ["reviews"], "http": [{}]}}


def pod(app, *, sidecar=True, ready=True, opted_out=False, **labels):
    return PodSeen(f"{app}-1", {"app": app, **labels}, sidecar, opted_out, ready, "10.0.0.1")


PROBE, REVIEWS = pod("probe-a"), pod("reviews", version="v1")
CALLER = ProxySeen(
    PROBE,
    hosts=(VirtualHost("9080", ("reviews",), (DEFAULT,)),),
    upstreams={CLUSTER: Upstream.AUTO},
    endpoints={CLUSTER: (Endpoint("10.0.0.2:9080"),)},
    rejected=(),
)
CALLEE = ProxySeen(REVIEWS, inbound=Inbound(plaintext=True, tls=True), rejected=())
HOP = Hop("probe-a", "GET", "reviews", "reviews", 9080, "/reviews/0", ())
WELL = Facts(
    "shop",
    hop=HOP,
    expected="status 200, 20 times in a row",
    pods=(PROBE, REVIEWS),
    services={"reviews": ServiceSeen("reviews", {"app": "reviews"}, {9080: 9080})},
    callers=(PROBE,),
    callees=(REVIEWS,),
    proxies={"probe-a-1": CALLER, "reviews-1": CALLEE},
    injecting=True,
)


def facts(misses, *, caller=None, callee=None, **changes):
    proxies = {
        "probe-a-1": replace(CALLER, **(caller or {})),
        "reviews-1": replace(CALLEE, **(callee or {})),
    }
    return replace(WELL, misses=misses, **{"proxies": proxies, **changes})


def routes(*these):
    return {"hosts": (VirtualHost("9080", ("reviews",), these),)}


def entry(status, flags="-", details="-", at="probe-a-1"):
    return Entry(at, status, flags, details, "-", "GET / HTTP/1.1", "reviews:9080", CLUSTER, "-")


JASON = replace(HOP, headers=(("end-user", "jason"),))
ELSEWHERE = "served by reviews-v1-1"
UNANSWERED = "status 503 (no healthy upstream)"
STRICT = {"inbound": Inbound(plaintext=False, tls=True)}
PEER = {
    "kind": "PeerAuthentication",
    "metadata": {"name": "strict"},
    "spec": {"selector": {"matchLabels": {"app": "reviews"}}},
}
RULE = {
    "kind": "DestinationRule",
    "metadata": {"name": "rule"},
    "spec": {
        "host": "reviews",
        "trafficPolicy": {"tls": {"mode": "DISABLE"}},
        "subsets": [{"name": "v9", "labels": {"version": "v9"}}],
    },
}
ALICE = Route(
    {"prefix": "/", "headers": [{"name": "end-user", "string_match": {"exact": "alice"}}]}, (CLUSTER,), "x"
)
BARE = replace(PROBE, sidecar=False, opted_out=True)
DENIED = "rbac_access_denied_matched_policy[{}]"

CASES = {
    "no route looks at the header": (
        facts(ELSEWHERE, hop=JASON),
        "no route of reviews matches end-user in probe-a's proxy (route 9080: 1 route, default)",
    ),
    "the header's value matches none": (
        facts(ELSEWHERE, hop=JASON, caller=routes(ALICE, DEFAULT)),
        (
            "end-user: jason falls to the default route of reviews in probe-a's proxy"
            " (route 9080: 2 routes, 1 of them default)"
        ),
    ),
    "nothing routes the host": (
        facts(ELSEWHERE),
        "no VirtualService routes reviews in probe-a's proxy (route 9080: 1 route, default)",
    ),
    "no route matches the path": (
        facts(
            "status 404", caller=routes(Route({"prefix": "/other"}, (CLUSTER,))), entries=(entry(404, "NR"),)
        ),
        "no route of reviews matches /reviews/0 in probe-a's proxy (route 9080: 1 route)",
    ),
    "no host matches": (
        facts("status 404", caller={"hosts": (VirtualHost("9080", ("ratings", "ratings.shop"), ()),)}),
        "no route for host reviews in probe-a's proxy (it has ratings)",
    ),
    "the subset is defined nowhere": (
        facts(UNANSWERED, caller=routes(Route({"prefix": "/"}, (SUBSET,)))),
        "the route of probe-a's proxy leads to subset v9 of reviews, which no DestinationRule names",
    ),
    "the subset selects no pod": (
        facts(
            UNANSWERED,
            caller={
                **routes(Route({"prefix": "/"}, (SUBSET,))),
                "upstreams": {SUBSET: Upstream.AUTO},
                "endpoints": {SUBSET: ()},
            },
            objects=(RULE,),
        ),
        (
            "no endpoint of reviews, subset v9 in probe-a's proxy: no pod of it bears version=v9"
            " (DestinationRule rule)"
        ),
    ),
    "the Service selects no pod": (
        facts(UNANSWERED, caller={"endpoints": {CLUSTER: ()}}, pods=(PROBE,), callees=()),
        (
            "no endpoint of reviews in probe-a's proxy: no pod bears the labels that Service reviews selects"
            " (app=reviews)"
        ),
    ),
    "no pod is ready": (
        facts(UNANSWERED, caller={"endpoints": {CLUSTER: ()}}, pods=(PROBE, replace(REVIEWS, ready=False))),
        "no endpoint of reviews in probe-a's proxy: none of the 1 pod of Service reviews is ready",
    ),
    "every endpoint is ejected": (
        facts(UNANSWERED, caller={"endpoints": {CLUSTER: (Endpoint("a:1", "failed_outlier_check"),)}}),
        "no healthy endpoint of reviews in probe-a's proxy (1: failed_outlier_check)",
    ),
    "there is no such Service": (
        facts("reviews: Name or service not known", services={}),
        "there is no Service reviews in namespace shop",
    ),
    "a caller without sidecar meets strict mutual TLS": (
        facts("connection reset by peer", callers=(BARE,), callee=STRICT, objects=(PEER,)),
        (
            "probe-a has no sidecar and speaks plaintext, but reviews takes mutual TLS only"
            " (PeerAuthentication strict)"
        ),
    ),
    "a caller told to speak plaintext meets strict mutual TLS": (
        facts(
            "status 503 (upstream connect error)",
            caller={"upstreams": {CLUSTER: Upstream.PLAINTEXT}},
            callee=STRICT,
            objects=(PEER, RULE),
        ),
        (
            "probe-a's proxy speaks plaintext (DestinationRule rule), but reviews takes mutual TLS only"
            " (PeerAuthentication strict)"
        ),
    ),
    "a caller told to speak TLS meets a pod without sidecar": (
        facts(
            "status 503 (upstream connect error)",
            caller={"upstreams": {CLUSTER: Upstream.TLS}},
            callees=(replace(REVIEWS, sidecar=False, opted_out=True),),
        ),
        "probe-a's proxy speaks TLS, but reviews-1 has no sidecar to take it",
    ),
    "a caller told to speak TLS meets a proxy that takes none": (
        facts(
            "status 503 (upstream connect error)",
            caller={"upstreams": {CLUSTER: Upstream.TLS}},
            callee={"inbound": Inbound(plaintext=True, tls=False)},
        ),
        "probe-a's proxy speaks TLS, but reviews' proxy takes plaintext only",
    ),
    "plaintext is taken that should be refused": (
        facts("status 200, served by reviews-1", callers=(BARE,), expected="connection turned away (reset)"),
        "reviews' proxy takes plaintext: mutual TLS is not strict there",
    ),
    "a policy refuses": (
        facts("status 403", entries=(entry(403, details=DENIED.format("ns[shop]-policy[no-one]-rule[0]")),)),
        "AuthorizationPolicy no-one refuses the call at probe-a",
    ),
    "no policy allows": (
        facts("status 403", entries=(entry(403, details=DENIED.format("none"), at="reviews-1"),)),
        "no ALLOW rule of reviews' AuthorizationPolicies takes this call",
    ),
    "a policy refuses, and no proxy keeps a log": (
        facts(
            "status 403 (RBAC: access denied)",
            objects=({"kind": "AuthorizationPolicy", "metadata": {"name": "no-one"}},),
        ),
        "an AuthorizationPolicy refuses the call (in the namespace: no-one)",
    ),
    "the called pod has no sidecar, and none was asked for": (
        facts(ELSEWHERE, callees=(replace(REVIEWS, sidecar=False),), injecting=False),
        "reviews-1 has no sidecar, and namespace shop does not ask for one (label istio-injection=enabled)",
    ),
    "the called pod has no sidecar, though one was asked for": (
        facts(ELSEWHERE, callees=(replace(REVIEWS, sidecar=False),)),
        (
            "reviews-1 has no sidecar, though its namespace asks for one: the pod is older than that,"
            " or its webhook did not answer"
        ),
    ),
    "a proxy rejects its configuration": (
        facts(ELSEWHERE, caller={"rejected": (Rejected("Listener", "0.0.0.0_9080", "no lua"),)}),
        "probe-a's proxy rejects what istiod sends and stays as it was (Listener 0.0.0.0_9080: no lua)",
    ),
    "the configuration is not there yet": (
        facts(ELSEWHERE, objects=(VS,)),
        "VirtualService reviews is applied, but probe-a's proxy has no route of it yet",
    ),
    "a pod does not start": (
        facts(
            "deploying is not done",
            hop=None,
            pods=(PROBE, replace(REVIEWS, ready=False)),
            warnings=(("reviews-1", "FailedScheduling, Insufficient cpu"), ("probe-a-1", "Unhealthy, once")),
        ),
        "reviews-1 is not ready: FailedScheduling, Insufficient cpu",
    ),
    "a proxy says why each of its tries failed": (
        facts("status 502", entries=(entry(502, "URX,UF"), entry(502, "URX,UF"))),
        "probe-a's proxy logged UF 2 times: no connection to the called side",
    ),
    "a proxy says why": (
        facts("status 504", entries=(entry(504, "UT"), entry(504, "UT"))),
        "probe-a's proxy logged UT 2 times: the called side took too long",
    ),
}


@pytest.mark.parametrize(("found", "line"), CASES.values(), ids=CASES)
def test_recognisable_cause_is_named(found, line):
    assert hint(found) == line


OTHER_HOST = {**VS, "spec": {"hosts": ["ratings"], "http": [{}]}}
OF_A_GATEWAY = {**VS, "spec": {"hosts": ["reviews"], "http": [{}], "gateways": ["shop"]}}


@pytest.mark.parametrize(
    "found",
    [
        Facts("shop"),
        facts("no answer within 5 s"),
        facts("status 500"),
        facts(UNANSWERED),
        facts(ELSEWHERE, caller=routes(replace(DEFAULT, origin="VirtualService reviews")), objects=(VS,)),
        facts(
            "header x-route: one",
            objects=(OTHER_HOST, OF_A_GATEWAY),
            caller=routes(replace(DEFAULT, origin="VirtualService a")),
        ),
        facts("connection reset by peer", callers=(BARE,)),
        facts("connection reset by peer", callers=(BARE,), callee=STRICT, expected="connection turned away"),
        facts("status 403 (no reader)"),
        facts(
            "status 200, served by reviews-1",
            callers=(BARE,),
            callee=STRICT,
            expected="connection turned away",
        ),
        facts("x", services={}, objects=({"kind": "ServiceEntry", "spec": {"hosts": ["reviews"]}},)),
        facts("x", callees=(replace(REVIEWS, sidecar=False, opted_out=True),)),
        facts("x", callees=(replace(REVIEWS, sidecar=False),), injecting=None),
        facts(ELSEWHERE, proxies={}),
    ],
)
def test_nothing_is_said_where_the_facts_say_nothing(found):
    assert hint(found) == ""


def test_gateway_is_called_that():
    gateway = PodSeen("gateway-1", {"app": "gateway-1121", "istio": "gateway-1121"}, True, False, True)  # noqa: FBT003
    proxy = ProxySeen(gateway, hosts=(VirtualHost("http.8080", ("other.example",), ()),))
    outside = Hop("outside", "GET", "localhost", "shop.example", 8081, "/", ())
    found = facts("status 404", hop=outside, callers=(gateway,), callees=(), proxies={"gateway-1": proxy})
    assert hint(found) == "no route for host shop.example in the gateway's proxy (it has other.example)"
