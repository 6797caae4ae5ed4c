"""Mirrored calls reach the shadow backend, and the client never notices."""

import pytest

from meshproof.checks import header, served_by, status

pytestmark = pytest.mark.behaviour("TM-12", manifests=("mirror.istio.yaml", "mirror.gateway-api.yaml"))


@pytest.mark.parametrize(
    ("path", "share"),
    [pytest.param("/all", 1, id="each-call"), pytest.param("/some", 0.05, id="one-call-in-twenty")],
)
def test_copies_arrive_and_the_client_is_answered_as_ever(probe, probes, expect, path, share):
    call = probe.get(f"http://backend-v1:8080{path}")
    as_ever = status(200) & served_by("backend-v1") & header("x-route", "mirrored")
    expect.copies(call, at=probes("backend-v2"), share=share, check=as_ever)
