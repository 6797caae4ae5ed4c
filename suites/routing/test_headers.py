"""Headers are added, set and removed on the way there and on the way back."""

import pytest

from meshproof.checks import header, received, status

pytestmark = pytest.mark.behaviour("TM-09", manifests=("headers.istio.yaml", "headers.gateway-api.yaml"))

URL = "http://backend-v1:8080/"


def test_backend_receives_the_edited_headers(probe, expect):
    call = probe.get(URL, headers=dict.fromkeys(("x-added", "x-set", "x-removed"), "client"))
    edited = received("x-added", "client, mesh") & received("x-set", "mesh") & received("x-removed", None)
    expect.converged(call, status(200) & edited)


def test_client_receives_the_edited_headers_of_the_reply(probe, expect):
    added, put = header("x-served-version", "v1, mesh"), header("x-served-by", "mesh")
    expect.converged(probe.get(URL), status(200) & added & put & header("x-served-workload", None))
