"""Both ends of a call count it, with labels that say who called whom."""

from functools import partial

import pytest

from meshproof.checks import header, status

pytestmark = pytest.mark.behaviour("OB-01", manifests="request-count.yaml")

COUNTED = 299
"""A status that nothing else asks for: its counters begin at zero, and hold the calls of this test alone."""

SECURITY = {"source": "unknown", "destination": "mutual_tls"}
"""By reporter. How a connection was secured is the callee's to know; in Istio the caller never says."""


def labels_of_edge(namespace):
    account = f"spiffe://cluster.local/ns/{namespace}/sa"
    ends = {"source": "counting", "destination": "counted"}
    accounts = {"source": "probe-a", "destination": "probe-b"}
    return {
        **{
            f"{end}_{label}": app
            for end, app in ends.items()
            for label in ("workload", "app", "canonical_service")
        },
        **{f"{end}_workload_namespace": namespace for end in ends},
        **{f"{end}_version": "v1" for end in ends},
        **{f"{end}_principal": f"{account}/{name}" for end, name in accounts.items()},
        "destination_service": f"counted.{namespace}.svc.cluster.local",
        "destination_service_name": "counted",
        "destination_service_namespace": namespace,
        "request_protocol": "http",
    }


def miscounted(samples, *, calls, labels):
    """Return how the counters differ from so many calls with these labels at each end, or None."""
    for reporter, policy in SECURITY.items():
        counters = [sample for sample in samples if sample.labels.get("reporter") == reporter]
        total = sum(sample.value for sample in counters)
        if total != calls:
            return f"the {reporter} counted {total:g} of {calls} calls"
        wanted = {**labels, "connection_security_policy": policy}
        for counter in counters:
            for name, value in wanted.items():
                if counter.labels.get(name) != value:
                    return f"the {reporter} has {name} {counter.labels.get(name)!r}, not {value!r}"
    return None


def test_both_ends_count_every_call_with_right_labels(probes, expect, prometheus, run):
    caller = probes("counting")
    expect.converged(caller.get("http://counted:8080/"), status(200) & header("x-route", "counted"))
    # Those that came back with it: one that was lost on its way was counted with another, or by nobody.
    counted = caller.get(f"http://counted:8080/?status={COUNTED}")
    calls = expect.converged(counted, status(COUNTED)).passes
    expect.eventually(
        lambda: prometheus.samples(
            "istio_requests_total", namespace=run.namespace, response_code=str(COUNTED)
        ),
        partial(miscounted, calls=calls, labels=labels_of_edge(run.namespace)),
        what=f"istio_requests_total with response_code {COUNTED}",
        expected=f"{calls} calls of counting -> counted by each end, every label right",
    )
