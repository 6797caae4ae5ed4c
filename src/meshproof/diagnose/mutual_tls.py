"""Hints about what the two sides of a hop speak: mutual TLS, or plaintext."""

from meshproof.diagnose.facts import Facts, ProxySeen
from meshproof.diagnose.routing import clusters_of
from meshproof.diagnose.words import listed, of, proxy_of, who
from meshproof.observe.envoy import Upstream

_UNAVAILABLE = 503
_OK = 200
_TURNED_AWAY = "turned away"


def mismatch(facts: Facts) -> str | None:
    """One side speaks TLS and the other does not."""
    if facts.hop is None or _TURNED_AWAY in facts.expected:
        return None
    if _UNAVAILABLE not in facts.statuses and not facts.broken_off:
        return None
    source = who(facts.callers[0]) if facts.callers else facts.hop.source
    bare = bool(facts.callers) and not facts.callers[0].sidecar
    spoken = _spoken(facts)
    if bare or spoken is Upstream.PLAINTEXT:
        strict = next(
            (proxy for proxy in _callees(facts) if proxy.inbound and not proxy.inbound.plaintext), None
        )
        speaks = "has no sidecar and speaks plaintext"
        speaks = f"{source} {speaks}" if bare else f"{of(source)} proxy speaks plaintext{_by_rule(facts)}"
        return f"{speaks}, but {who(strict.pod)} takes mutual TLS only{_policies(facts)}" if strict else None
    if spoken is Upstream.TLS:
        why = _takes_no_tls(facts)
        return f"{of(source)} proxy speaks TLS{_by_rule(facts)}, but {why}" if why else None
    return None


def _takes_no_tls(facts: Facts) -> str | None:
    for pod in facts.callees:
        if not pod.sidecar:
            return f"{pod.name} has no sidecar to take it"
    for proxy in _callees(facts):
        if proxy.inbound and not proxy.inbound.tls:
            return f"{proxy_of(proxy.pod)} takes plaintext only{_policies(facts)}"
    return None


def not_strict(facts: Facts) -> str | None:
    """A call was to be turned away, and the called side takes plaintext."""
    if _TURNED_AWAY not in facts.expected or _OK not in facts.statuses:
        return None
    if not facts.callers or facts.callers[0].sidecar:
        return None
    for proxy in _callees(facts):
        if proxy.inbound and proxy.inbound.plaintext:
            return f"{proxy_of(proxy.pod)} takes plaintext: mutual TLS is not strict there{_policies(facts)}"
    return None


def _spoken(facts: Facts) -> Upstream | None:
    proxy = facts.caller
    if proxy is None or proxy.upstreams is None:
        return None
    return next((proxy.upstreams[name] for name in clusters_of(facts) if name in proxy.upstreams), None)


def _callees(facts: Facts) -> tuple[ProxySeen, ...]:
    return tuple(facts.proxies[pod.name] for pod in facts.callees if pod.name in facts.proxies)


def _policies(facts: Facts) -> str:
    """Name the PeerAuthentications that may be why: those of the namespace that select a called pod."""
    names = []
    for obj in facts.objects:
        if obj.get("kind") != "PeerAuthentication":
            continue
        selector = obj.get("spec", {}).get("selector", {}).get("matchLabels", {})
        if not selector or any(pod.selected(selector) for pod in facts.callees):
            names.append(obj["metadata"]["name"])
    return f" (PeerAuthentication {listed(names)})" if names else ""


def _by_rule(facts: Facts) -> str:
    """Name the DestinationRules that say how the host is called."""
    hop = facts.hop
    names = [
        obj["metadata"]["name"]
        for obj in facts.objects
        if obj.get("kind") == "DestinationRule"
        and hop is not None
        and str(obj.get("spec", {}).get("host", "")).partition(".")[0] in {facts.service_name, hop.host}
        and "tls" in str(obj.get("spec", {}).get("trafficPolicy", {}))
    ]
    return f" (DestinationRule {listed(names)})" if names else ""
