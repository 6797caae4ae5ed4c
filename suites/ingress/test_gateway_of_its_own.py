"""A gateway made through the Gateway API says that it is ready, and serves."""

import pytest

from meshproof.checks import served_by, status
from meshproof.manifests.objects import Ref

pytestmark = pytest.mark.behaviour("IN-02", manifests="gateway-of-its-own.gateway-api.yaml")

API = "gateway.networking.k8s.io/v1"


def true_of(conditions):
    return {condition["type"] for condition in conditions if condition["status"] == "True"}


def gateway_lacks(found):
    lacking = {"Accepted", "Programmed"} - true_of(found["conditions"])
    lacking |= {"ResolvedRefs"} - true_of(found["listeners"][0]["conditions"])
    lacking |= {"an address"} if not found.get("addresses") else set()
    return ", ".join(sorted(lacking)) or None


def route_lacks(found):
    return (
        ", ".join(sorted({"Accepted", "ResolvedRefs"} - true_of(found["parents"][0]["conditions"]))) or None
    )


def test_gateway_serves_and_says_that_it_is_ready(plain_probe, expect, manifests):
    call = plain_probe.get("http://own-istio/", host="own.example")
    expect.converged(call, status(200) & served_by("backend-v1"))
    expect.eventually(
        lambda: manifests.get(Ref(API, "Gateway", "own"))["status"],
        gateway_lacks,
        what="the status of Gateway own",
        expected="Accepted, Programmed, ResolvedRefs and an address",
        at_once=True,
    )
    expect.eventually(
        lambda: manifests.get(Ref(API, "HTTPRoute", "own"))["status"],
        route_lacks,
        what="the status of HTTPRoute own",
        expected="Accepted and ResolvedRefs",
        at_once=True,
    )
