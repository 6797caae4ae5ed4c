"""A host that only the mesh knows can be looked up by name and reached."""

import pytest

from meshproof.checks import served_by, status

pytestmark = pytest.mark.behaviour("TM-18", manifests="mesh-only-host.yaml")

HOSTS = pytest.mark.parametrize(
    ("host", "workload"),
    [
        pytest.param("first.mesh-only.example", "backend-v1", id="first"),
        pytest.param("second.mesh-only.example", "backend-v2", id="second"),
    ],
)


@HOSTS
def test_host_is_looked_up_and_reached(probe, expect, host, workload):
    expect.converged(probe.get(f"http://{host}:8080/"), status(200) & served_by(workload))


@HOSTS
def test_host_has_an_address_of_its_own(probe, expect, host, workload):
    # Both hosts have this port, and no connection of TCP names its host: only their addresses differ.
    expect.converged(probe.tcp(f"tcp://{host}:8083", "line"), served_by(workload))
