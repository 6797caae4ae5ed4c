"""Each run and worker has a gateway of its own, and none counts a call that never left this machine."""

import socket
from pathlib import Path
from types import SimpleNamespace

import pytest
from kubernetes.client import CoreV1Api

from meshproof.cluster.model import Cluster
from meshproof.errors import ExitCode, MeshproofError
from meshproof.plugin import gateway
from meshproof.plugin.link import worker_id


@pytest.fixture
def cluster(monkeypatch):
    """A cluster with two mapped node ports, the second of which somebody holds."""
    ports = [SimpleNamespace(node_port=number) for number in (30082, None)]
    services = [SimpleNamespace(spec=SimpleNamespace(ports=found)) for found in (ports, None)]
    monkeypatch.setattr(
        CoreV1Api, "list_service_for_all_namespaces", lambda _: SimpleNamespace(items=services)
    )
    monkeypatch.setattr(Cluster, "api", None)
    return Cluster(Path("kubeconfig"), "kind-x", ((30081, 8081), (30082, 8082)))


@pytest.mark.parametrize(("worker", "port"), [(0, 30081), (1, None), (2, None)])
def test_each_worker_has_a_mapped_port_of_its_own_if_it_is_free(cluster, worker, port):
    assert gateway.node_port(cluster, worker) == port


def test_gateway_that_takes_connections_is_reached():
    with socket.create_server(("127.0.0.1", 0)) as server:
        gateway.reached(f"http://127.0.0.1:{server.getsockname()[1]}")


def test_gateway_that_nobody_reaches_is_an_error_of_the_environment(monkeypatch):
    monkeypatch.setattr(gateway, "REACH_SECONDS", 0.0)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(MeshproofError, match=f"cannot be reached .* at http://127.0.0.1:{port}") as raised:
        gateway.reached(f"http://127.0.0.1:{port}")
    assert raised.value.exit_code is ExitCode.ENVIRONMENT


def test_workers_make_namespaces_of_one_run():
    assert [worker_id("1121-1455-2226", f"gw{n}") for n in (0, 1)] == ["1121-1455-2226", "1121-1455-2226-gw1"]
