"""A workload's certificate names its own service account."""

import pytest

from meshproof.checks import header, saw_header, status

pytestmark = pytest.mark.behaviour("SE-04", manifests="identity.yaml")

CERTIFICATE = "x-forwarded-client-cert"


def test_certificate_of_each_side_names_its_service_account(probe, expect, run):
    call = probe.get("http://probe-b:8080/")
    accounts = f"spiffe://cluster.local/ns/{run.namespace}/sa"
    expect.converged(call, status(200) & header("x-route", "identity"))
    expect.converged(
        call,
        saw_header(CERTIFICATE, f"URI={accounts}/probe-a")
        & saw_header(CERTIFICATE, f"By={accounts}/probe-b"),
    )
