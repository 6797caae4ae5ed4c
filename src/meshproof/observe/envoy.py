"""What an Envoy proxy says of its own configuration, as values. Reads documents; asks nobody."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

Document = Mapping[str, Any]
"""What the admin interface answered, parsed."""


class Upstream(StrEnum):
    """What a proxy speaks to the endpoints of a cluster."""

    AUTO = "mutual TLS where the endpoint has a sidecar, else plaintext"
    TLS = "TLS to every endpoint"
    PLAINTEXT = "plaintext to every endpoint"


@dataclass(frozen=True)
class Route:
    """One route of a virtual host.

    Args:
        match: as Envoy has it.
        clusters: where it leads, by weight; none for a redirect or a direct response.
        origin: the object that it stems from, such as VirtualService reviews; empty when the mesh made it.
    """

    match: Document
    clusters: tuple[str, ...]
    origin: str = ""

    @property
    def default(self) -> bool:
        """Whether it takes every call."""
        return self.match.get("prefix") == "/" and not (
            self.match.get("headers") or self.match.get("query_parameters")
        )

    @property
    def headers(self) -> frozenset[str]:
        """Names of the headers that it looks at, pseudo-headers left out."""
        named = {str(header.get("name", "")).lower() for header in self.match.get("headers", ())}
        return frozenset(name for name in named if name and not name.startswith(":"))


@dataclass(frozen=True)
class VirtualHost:
    """The routes of one host.

    Args:
        table: name of the route configuration that it belongs to, such as 9080.
        domains: names that it answers to.
        routes: the first that matches is taken.
    """

    table: str
    domains: tuple[str, ...]
    routes: tuple[Route, ...]


@dataclass(frozen=True)
class Endpoint:
    """One address of a cluster; `flaw` says why no call is sent there, or is empty."""

    address: str
    flaw: str = ""


@dataclass(frozen=True)
class Rejected:
    """A part of the configuration that the proxy would not take from the control plane."""

    kind: str
    name: str
    details: str


def virtual_hosts(document: Document) -> tuple[VirtualHost, ...]:
    """Return the virtual hosts of a dump of route configurations."""
    return tuple(
        VirtualHost(
            str(table.get("name", "")),
            tuple(host.get("domains", ())),
            tuple(_route(route) for route in host.get("routes", ())),
        )
        for table in (entry.get("route_config", {}) for entry in _entries(document))
        for host in table.get("virtual_hosts", ())
    )


def _route(route: Document) -> Route:
    action = route.get("route", {})
    weighted = action.get("weighted_clusters", {}).get("clusters", ())
    clusters = tuple(cluster["name"] for cluster in weighted) or (action.get("cluster"),)
    metadata = route.get("metadata", {}).get("filter_metadata", {}).get("istio", {})
    return Route(
        route.get("match", {}), tuple(name for name in clusters if name), _origin(metadata.get("config", ""))
    )


def _origin(path: str) -> str:
    """Return `VirtualService reviews` for `/apis/…/namespaces/bookinfo/virtual-service/reviews`."""
    parts = path.split("/")
    return f"{parts[-2].title().replace('-', '')} {parts[-1]}" if len(parts) > 1 else ""


def upstreams(document: Document) -> Mapping[str, Upstream]:
    """Return what is spoken to each cluster of a dump of clusters, by its name."""
    clusters = (entry.get("cluster", {}) for entry in _entries(document))
    return {str(cluster.get("name", "")): _upstream(cluster) for cluster in clusters}


def _upstream(cluster: Document) -> Upstream:
    if cluster.get("transport_socket_matches"):
        return Upstream.AUTO
    socket = str(cluster.get("transport_socket", {}).get("name", ""))
    return Upstream.TLS if socket.endswith("tls") else Upstream.PLAINTEXT


def endpoints(document: Document) -> Mapping[str, tuple[Endpoint, ...]]:
    """Return the endpoints of each cluster of the clusters page, by the cluster's name."""
    return {
        str(cluster.get("name", "")): tuple(_endpoint(host) for host in cluster.get("host_statuses", ()))
        for cluster in document.get("cluster_statuses", ())
    }


def _endpoint(host: Document) -> Endpoint:
    socket = host.get("address", {}).get("socket_address", {})
    health = host.get("health_status", {})
    flaws = sorted(name for name, value in health.items() if value is True)
    if health.get("eds_health_status", "HEALTHY") != "HEALTHY":
        flaws.append(str(health["eds_health_status"]).lower())
    return Endpoint(f"{socket.get('address', '?')}:{socket.get('port_value', '?')}", ", ".join(flaws))


def rejected(document: Document) -> tuple[Rejected, ...]:
    """Return what a dump of dynamic resources says was not accepted, each cause once."""
    found: dict[str, Rejected] = {}
    for entry in _entries(document):
        details = entry.get("error_state", {}).get("details")
        if not details:
            continue
        kind = str(entry.get("@type", "")).rpartition(".")[2].removeprefix("Dynamic").removesuffix("Config")
        one = Rejected(kind, str(entry.get("name", "")), " ".join(str(details).split()))
        # The same cause stands there again for the update as a whole, which has no name.
        if one.details not in found or not found[one.details].name:
            found[one.details] = one
    return tuple(found.values())


@dataclass(frozen=True)
class Inbound:
    """What a proxy accepts on one port from outside its pod."""

    plaintext: bool
    tls: bool


def inbound(document: Document, port: int) -> Inbound | None:
    """Return what a dump of listeners accepts on a port, or None when it has no inbound listener."""
    chains = [
        chain
        for entry in _entries(document)
        for chain in entry.get("active_state", {}).get("listener", {}).get("filter_chains", ())
        if entry.get("name") == "virtualInbound"
    ]
    if not chains:
        return None
    of_port = [chain for chain in chains if _matched(chain).get("destination_port") == port]
    # A port that no Service names has no chains of its own.
    of_port = of_port or [chain for chain in chains if "destination_port" not in _matched(chain)]
    return Inbound(
        plaintext=any(_matched(chain).get("transport_protocol") in {None, "raw_buffer"} for chain in of_port),
        tls=any("transport_socket" in chain for chain in of_port),
    )


def _matched(chain: Document) -> Document:
    match: Document = chain.get("filter_chain_match", {})
    return match


def _entries(document: Document) -> Iterator[Document]:
    return iter(document.get("configs") or ())
