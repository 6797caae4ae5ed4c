"""A port's protocol is recognised, also where the server speaks first.

A server that speaks first must be declared, or be on a port that is known for it: anywhere else the
proxies wait for the client's first bytes, and the client for the server's. That is Istio's documented
limit.
"""

import pytest

from meshproof.checks import header, served_by, status
from meshproof.traffic import Protocol

pytestmark = pytest.mark.behaviour("TM-19", manifests="recognised-protocol.yaml")


@pytest.mark.parametrize(
    ("port", "protocol"),
    [pytest.param(1001, Protocol.HTTP, id="http"), pytest.param(1002, Protocol.HTTP2, id="http2")],
)
def test_http_is_recognised_where_nothing_declares_it(probe, expect, port, protocol):
    call = probe.get(f"http://unnamed:{port}/", protocol=protocol)
    expect.converged(call, status(200) & served_by("backend-v1") & header("x-route", "recognised"))


def test_other_protocols_pass_where_nothing_declares_them(probe, expect):
    expect.converged(probe.tcp("tcp://unnamed:1003", "line"), served_by("backend-v1"))


def test_server_that_is_declared_as_tcp_may_speak_first(probe, expect):
    expect.converged(probe.tcp("tcp://unnamed:1004", "line", server_first=True), served_by("backend-v1"))


def test_server_on_a_port_known_for_it_may_speak_first(probe, expect):
    expect.converged(probe.tcp("tcp://unnamed:3306", "line", server_first=True), served_by("backend-v1"))
