"""Calls with the same key stay with one backend."""

import secrets

import pytest

from meshproof.checks import Check, served_as_before, served_by, status
from meshproof.traffic import Protocol

pytestmark = pytest.mark.behaviour("TM-15", manifests="same-key.yaml")

KEYED = {
    "header-http1": lambda probe, key: probe.get("http://backend:8080/", headers={"x-reader": key}),
    "header-http2": lambda probe, key: probe.get(
        "http://backend:8081/", headers={"x-reader": key}, protocol=Protocol.HTTP2
    ),
    "header-grpc": lambda probe, key: probe.grpc("grpc://backend:8082", headers={"x-reader": key}),
    "header-websocket": lambda probe, key: probe.websocket(
        "ws://backend:8080/", "hello", headers={"x-reader": key}
    ),
    "query": lambda probe, key: probe.get(f"http://backend:8080/by-query?reader={key}"),
    "cookie": lambda probe, key: probe.get(
        "http://backend:8080/by-cookie", headers={"cookie": f"reader={key}"}
    ),
}

BY_ADDRESS = {
    "http": lambda probe: probe.get("http://backend:8080/by-address"),
    "tcp": lambda probe: probe.tcp("tcp://backend:8083", "hello"),
}

NEW_COOKIE = Check(
    "a cookie of the mesh for this path",
    lambda reply: None if is_cookie(reply.headers.get("set-cookie", "")) else f"{reply}, without the cookie",
)


def is_cookie(text):
    return text.startswith("reader=") and {"Max-Age=3600", "Path=/by-cookie"} <= set(text.split("; "))


def backends_of_new_keys(probe, keyed):
    return {keyed(probe, secrets.token_hex(8)).once().workload for _ in range(5)}


@pytest.mark.parametrize("keyed", KEYED.values(), ids=KEYED)
def test_one_key_stays_with_one_backend_and_others_are_spread(probe, expect, keyed):
    expect.converged(keyed(probe, "anna"), served_as_before())
    expect.eventually(
        lambda: backends_of_new_keys(probe, keyed),
        lambda backends: None if len(backends) > 1 else "one backend for all",
        what="who serves calls with five new keys",
        expected="more than one backend",
        at_once=True,
    )


def test_cookie_of_the_mesh_leads_back_to_the_backend_that_it_came_from(probe, expect):
    expect.converged(probe.get("http://backend:8080/by-cookie"), status(200) & NEW_COOKIE)
    first = probe.get("http://backend:8080/by-cookie").once()
    cookie, _, _ = first.headers["set-cookie"].partition(";")
    again = probe.get("http://backend:8080/by-cookie", headers={"cookie": cookie})
    expect.converged(again, status(200) & served_by(first.workload))


@pytest.mark.parametrize("client", ["probe-a", "probe-b"])
@pytest.mark.parametrize("call", BY_ADDRESS.values(), ids=BY_ADDRESS)
def test_one_address_stays_with_one_backend(probes, expect, client, call):
    expect.converged(call(probes(client)), served_as_before())
