"""Hints about routes, clusters and endpoints of the calling side's proxy."""

from collections.abc import Mapping
from typing import Any

from meshproof.diagnose.facts import Facts, ProxySeen
from meshproof.diagnose.hop import Hop
from meshproof.diagnose.matching import chosen, host_of
from meshproof.diagnose.words import cluster_words, listed, proxy_of, several, subset_of
from meshproof.observe.envoy import Route, VirtualHost

_NOT_FOUND, _UNAVAILABLE = 404, 503
_MESH = "mesh"
_TURNED_AWAY = "turned away"


def not_there_yet(facts: Facts) -> str | None:
    """A VirtualService of the host is applied, and the caller's proxy has no route of it."""
    hop, proxy = facts.hop, facts.caller
    if hop is None or proxy is None or proxy.hosts is None:
        return None
    host = host_of(proxy.hosts, hop)
    origins = {route.origin for route in host.routes} if host else set()
    for obj in facts.objects:
        if obj.get("kind") != "VirtualService" or not _concerns(obj, facts, hop):
            continue
        name = f"VirtualService {obj['metadata']['name']}"
        if name not in origins:
            return f"{name} is applied, but {proxy_of(proxy.pod)} has no route of it yet"
    return None


def _concerns(obj: Mapping[str, Any], facts: Facts, hop: Hop) -> bool:
    """Whether an HTTP route of this VirtualService should be in the proxy that sends the hop's calls."""
    spec = obj.get("spec", {})
    gateways = spec.get("gateways") or [_MESH]
    inside = {
        f"{facts.service_name}{rest}" for rest in ("", f".{facts.namespace}", f".{facts.namespace}.svc")
    }
    names = (
        {hop.authority, hop.host}
        if hop.outside
        else {hop.host, *inside, f"{facts.service_name}.{facts.namespace}.svc.cluster.local"}
    )
    bound = any(gateway != _MESH for gateway in gateways) if hop.outside else _MESH in gateways
    return bool(spec.get("http")) and bound and bool(names & set(spec.get("hosts", ())))


def route_of(facts: Facts) -> tuple[ProxySeen, VirtualHost, Route | None] | None:
    """Return the caller's proxy, the virtual host and the route that take the call; None when unknown."""
    hop, proxy = facts.hop, facts.caller
    if hop is None or proxy is None or proxy.hosts is None:
        return None
    host = host_of(proxy.hosts, hop)
    if host is None:
        return None
    try:
        return proxy, host, chosen(host, hop)
    except LookupError:
        return None


def clusters_of(facts: Facts) -> tuple[str, ...]:
    """Return the clusters to which the call may be sent."""
    found = route_of(facts)
    return found[2].clusters if found and found[2] else ()


def no_such_subset(facts: Facts) -> str | None:
    """The route leads to a cluster that the proxy does not have."""
    proxy = facts.caller
    if proxy is None or proxy.upstreams is None or not _unanswered(facts):
        return None
    for cluster in clusters_of(facts):
        if cluster in proxy.upstreams or not cluster.startswith("outbound|"):
            continue
        subset = subset_of(cluster)
        leads = f"the route of {proxy_of(proxy.pod)} leads to"
        if subset:
            name = cluster_words(cluster).partition(",")[0]
            return f"{leads} subset {subset} of {name}, which no DestinationRule names"
        return f"{leads} {cluster_words(cluster)}, which the mesh does not know"
    return None


def no_endpoints(facts: Facts) -> str | None:
    """Nobody is there to take the call, or nobody who is well."""
    if not _unanswered(facts):
        return None
    proxy = facts.caller
    if proxy is None or proxy.endpoints is None:
        return _no_pods(facts)
    for cluster in clusters_of(facts):
        endpoints = proxy.endpoints.get(cluster)
        if endpoints is None:
            continue
        where = f"of {cluster_words(cluster)} in {proxy_of(proxy.pod)}"
        if not endpoints:
            cause = _no_pods(facts) or _no_pods_of_subset(facts, cluster)
            return f"no endpoint {where}" + (f": {cause}" if cause else "")
        if all(endpoint.flaw for endpoint in endpoints):
            flaws = listed(endpoint.flaw for endpoint in endpoints)
            return f"no healthy endpoint {where} ({len(endpoints)}: {flaws})"
    return None


def _no_pods(facts: Facts) -> str | None:
    """Say why a Service has no endpoints, when its pods tell."""
    service = facts.service
    if service is None or not service.selector:
        return None
    pods = [pod for pod in facts.pods if pod.selected(service.selector)]
    if not pods:
        wanted = ", ".join(f"{name}={value}" for name, value in sorted(service.selector.items()))
        return f"no pod bears the labels that Service {service.name} selects ({wanted})"
    if any(pod.ready for pod in pods):
        return None
    return f"none of the {several(len(pods), 'pod')} of Service {service.name} is ready"


def _no_pods_of_subset(facts: Facts, cluster: str) -> str | None:
    """Say what a subset's pods should have been, when the namespace's DestinationRules tell."""
    for obj in facts.objects:
        if obj.get("kind") != "DestinationRule":
            continue
        for subset in obj.get("spec", {}).get("subsets") or ():
            labels = subset.get("labels") or {}
            if subset.get("name") == subset_of(cluster) and not any(
                pod.selected(labels) for pod in facts.callees
            ):
                wanted = ", ".join(f"{name}={value}" for name, value in sorted(labels.items()))
                return f"no pod of it bears {wanted} (DestinationRule {obj['metadata']['name']})"
    return None


def no_route(facts: Facts) -> str | None:
    """The caller's proxy has no route for the host, or none for the path."""
    hop, proxy = facts.hop, facts.caller
    not_found = _NOT_FOUND in facts.statuses and any(entry.flags == "NR" for entry in facts.entries)
    if hop is None or proxy is None or proxy.hosts is None or not (not_found or _unlogged(facts)):
        return None
    host = host_of(proxy.hosts, hop)
    if host is None:
        known = listed(sorted({other.domains[0] for other in proxy.hosts if other.domains}))
        return f"no route for host {hop.authority} in {proxy_of(proxy.pod)} (it has {known or 'none'})"
    found = route_of(facts)
    if found is None or found[2] is not None:
        return None
    return f"no route of {hop.callee} matches {hop.path} in {proxy_of(proxy.pod)} ({_table(host)})"


def _unlogged(facts: Facts) -> bool:
    """Whether there was a 404, and no log that would tell whose."""
    return _NOT_FOUND in facts.statuses and not facts.entries


def no_route_for_header(facts: Facts) -> str | None:
    """The call is answered, but by the default route: no other looks at what the call carries."""
    hop = facts.hop
    found = route_of(facts)
    answered = "served by" in facts.misses or facts.statuses
    if hop is None or found is None or found[2] is None or not answered:
        return None
    if _TURNED_AWAY in facts.expected or _unanswered(facts):
        return None
    return _by_default(hop, *found, elsewhere="served by" in facts.misses)


def _by_default(
    hop: Hop, proxy: ProxySeen, host: VirtualHost, route: Route | None, *, elsewhere: bool
) -> str | None:
    where = f"in {proxy_of(proxy.pod)} ({_table(host)})"
    carried = [name for name, _ in hop.headers]
    looked_at = {name for one in host.routes for name in one.headers}
    if carried and not looked_at & set(carried):
        return f"no route of {hop.callee} matches {' or '.join(carried)} {where}"
    default = route is not None and route.default
    if carried and default:
        said = ", ".join(f"{name}: {value}" for name, value in hop.headers if name in looked_at)
        return f"{said} falls to the default route of {hop.callee} {where}"
    made_by_the_mesh = len(host.routes) == 1 and not host.routes[0].origin
    if default and made_by_the_mesh and elsewhere:
        return f"no VirtualService routes {hop.callee} {where}"
    return None


def _table(host: VirtualHost) -> str:
    defaults = sum(route.default for route in host.routes)
    kinds = (
        ", default"
        if defaults == len(host.routes) == 1
        else f", {defaults} of them default"
        if defaults
        else ""
    )
    return f"route {host.table}: {several(len(host.routes), 'route')}{kinds}"


def _unanswered(facts: Facts) -> bool:
    """Whether a proxy answered for somebody who could not, or nobody did."""
    return _UNAVAILABLE in facts.statuses or facts.broken_off
