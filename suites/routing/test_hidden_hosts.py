"""A workload that is not let see a host can neither find nor reach it."""

import pytest

from meshproof.checks import served_by, status

pytestmark = pytest.mark.behaviour("TM-17", manifests="hidden-hosts.yaml")

TURNED_AWAY = status(502)
"""With this a proxy answers calls to hosts that it does not know, where it may call no others."""


@pytest.fixture
def not_found(expect, known_hosts):
    """Return what expects that the configuration of the first probe's proxy does not name a host."""

    def look(hidden):
        expect.eventually(
            lambda: known_hosts("probe-a").among(hidden, "probe-b"),
            lambda known: (
                None if known == {"probe-b"} else f"it names {', '.join(sorted(known)) or 'neither'}"
            ),
            what=f"which of {hidden} and probe-b the configuration of probe-a's proxy names",
            expected="probe-b alone",
            at_once=True,
        )

    return look


def test_host_outside_a_workloads_sidecar_is_hidden_from_that_workload_alone(
    probe, probes, expect, not_found
):
    url = "http://backend-v1:8080/"
    expect.converged(probe.get(url), TURNED_AWAY)
    expect.converged(probes("probe-b").get(url), status(200) & served_by("backend-v1"))
    not_found("backend-v1")


def test_host_that_is_not_exported_is_hidden_and_the_one_beside_it_is_not(probe, expect, not_found):
    expect.converged(probe.get("http://secluded:8080/"), TURNED_AWAY)
    expect.converged(probe.get("http://probe-b:8080/"), status(200) & served_by("probe-b"))
    not_found("secluded")
