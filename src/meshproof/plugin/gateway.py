"""Where the gateway of a run is reached from this machine, when several runs and workers have one each."""

import socket
from typing import Any
from urllib.parse import urlsplit

from kubernetes import client

from meshproof.cluster.model import Cluster
from meshproof.errors import MeshproofError
from meshproof.wait import TimedOut, until

REACH_SECONDS = 20.0
CONNECT_SECONDS = 2.0


def node_port(cluster: Cluster, worker: int) -> int | None:
    """Return the node port that leads here and is free for a worker's gateway; None: the cluster chooses one.

    A node port exists once in a cluster, so each worker has one of its own; another run may hold it already.

    Args:
        cluster: whose provider maps node ports to this machine.
        worker: its number, from 0.
    """
    if worker >= len(cluster.host_ports):
        return None
    wanted = cluster.host_ports[worker][0]
    services: Any = client.CoreV1Api(cluster.api).list_service_for_all_namespaces()
    taken = {port.node_port for service in services.items for port in service.spec.ports or ()}
    return None if wanted in taken else wanted


def reached(url: str) -> None:
    """Wait until somebody takes connections at a URL.

    Raises:
        MeshproofError: nobody does; a call that never left this machine must not count against the mesh.
    """
    parts = urlsplit(url)
    address = (parts.hostname or "", parts.port or 80)

    def connected() -> bool:
        try:
            with socket.create_connection(address, CONNECT_SECONDS):
                return True
        except OSError:
            return False

    try:
        until(connected, REACH_SECONDS, f"{url} takes a connection", "")
    except TimedOut:
        raise MeshproofError(
            f"the run's gateway cannot be reached from this machine at {url}",
            "map a node port to this machine for each worker, name it with --meshproof-host-port, "
            "or run without workers",
        ) from None
