"""Both ends of a call count it, with labels that say who called whom."""

import pytest

from meshproof.checks import header, status

pytestmark = pytest.mark.behaviour("OB-01", manifests="request-count.yaml")

COUNTED = 299
"""A status that nothing else asks for: its counters begin at zero, and hold the calls of this test alone."""


def test_both_ends_count_every_call_with_right_labels(probe, expect, prometheus, run):
    expect.converged(probe.get("http://probe-b:8080/"), status(200) & header("x-route", "counted"))
    calls = expect.converged(probe.get(f"http://probe-b:8080/?status={COUNTED}"), status(COUNTED)).calls
    account = f"spiffe://cluster.local/ns/{run.namespace}/sa"
    edge = {
        "source_workload": "probe-a",
        "source_workload_namespace": run.namespace,
        "source_app": "probe-a",
        "source_version": "v1",
        "source_canonical_service": "probe-a",
        "source_principal": f"{account}/probe-a",
        "destination_workload": "probe-b",
        "destination_workload_namespace": run.namespace,
        "destination_app": "probe-b",
        "destination_version": "v1",
        "destination_canonical_service": "probe-b",
        "destination_principal": f"{account}/probe-b",
        "destination_service": f"probe-b.{run.namespace}.svc.cluster.local",
        "destination_service_name": "probe-b",
        "destination_service_namespace": run.namespace,
        "request_protocol": "http",
        "response_code": str(COUNTED),
    }
    # The caller's proxy does not say how the connection was secured: in Istio, that is the callee's to know.
    security = {"source": "unknown", "destination": "mutual_tls"}

    def look():
        return {
            reporter: prometheus.total(
                "istio_requests_total", **edge, reporter=reporter, connection_security_policy=policy
            )
            for reporter, policy in security.items()
        }

    def check(counted):
        return None if set(counted.values()) == {calls} else f"counted {counted} of {calls} calls"

    expect.eventually(
        look,
        check,
        what="istio_requests_total of probe-a -> probe-b",
        expected=f"{calls} calls by each reporter, with every label right",
    )
