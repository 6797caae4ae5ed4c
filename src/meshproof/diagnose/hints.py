"""From the facts of a failure to the one line that probably explains it.

Each rule is a pure function that returns its line, or None when the facts do not say so. The first that
speaks is the hint; those that rest on what a proxy logged come before those that rest on what it would do.
"""

import re
from collections import Counter
from collections.abc import Callable

from meshproof.diagnose import mutual_tls, routing
from meshproof.diagnose.facts import Facts
from meshproof.diagnose.words import of, proxy_of, who
from meshproof.observe import access_log

Rule = Callable[[Facts], str | None]

_DENIED = re.compile(r"rbac_access_denied_matched_policy\[(?P<policy>.*)\]$")
_POLICY = re.compile(r"ns\[(?P<namespace>[^\]]*)\]-policy\[(?P<name>[^\]]*)\]")
_FORBIDDEN = 403
_AFTERWARDS = "URX"  # stands beside the reason why each try failed
_SHOWN = 120


def no_such_service(facts: Facts) -> str | None:
    """The host means a Service of the namespace, and there is none."""
    hop = facts.hop
    if hop is None or hop.outside or facts.services is None or facts.service_name is None:
        return None
    named = {str(host) for obj in facts.objects for host in obj.get("spec", {}).get("hosts", ())}
    if facts.service_name in facts.services or named & {hop.host, facts.service_name}:
        return None
    return f"there is no Service {facts.service_name} in namespace {facts.namespace}"


def refused_by_policy(facts: Facts) -> str | None:
    """An AuthorizationPolicy refuses the call."""
    if _FORBIDDEN not in facts.statuses and not facts.broken_off:
        return None
    apps = {pod.name: pod.app for pod in facts.pods}
    for entry in reversed(facts.entries):
        denied = _DENIED.search(entry.details)
        if denied is None:
            continue
        at = apps.get(entry.pod, entry.pod)
        policy = _POLICY.search(denied["policy"])
        if policy is None:
            return f"no ALLOW rule of {of(at)} AuthorizationPolicies takes this call"
        return f"AuthorizationPolicy {policy['name']} refuses the call at {at}"
    if "RBAC: access denied" not in facts.misses:
        return None
    policies = [obj["metadata"]["name"] for obj in facts.objects if obj.get("kind") == "AuthorizationPolicy"]
    return f"an AuthorizationPolicy refuses the call (in the namespace: {', '.join(policies) or 'none'})"


def not_injected(facts: Facts) -> str | None:
    """A pod of the hop has no sidecar, though nothing on it says that it wants none."""
    for pod in (*facts.callers, *facts.callees):
        if pod.sidecar or pod.opted_out or facts.injecting is None:
            continue
        why = (
            "though its namespace asks for one: the pod is older than that, or its webhook did not answer"
            if facts.injecting
            else f"and namespace {facts.namespace} does not ask for one (label istio-injection=enabled)"
        )
        return f"{pod.name} has no sidecar, {why}"
    return None


def configuration_rejected(facts: Facts) -> str | None:
    """A proxy of the hop does not take what the control plane sends."""
    for pod in (*facts.callers, *facts.callees):
        proxy = facts.proxies.get(pod.name)
        for one in (proxy.rejected or ()) if proxy else ():
            what = f"{one.kind} {one.name}".strip()
            rejects = "rejects what istiod sends and stays as it was"
            return f"{proxy_of(pod)} {rejects} ({what}: {one.details[:_SHOWN]})"
    return None


def not_started(facts: Facts) -> str | None:
    """Nothing was called, and a pod is not ready of which the cluster says why."""
    unready = {pod.name for pod in facts.pods if not pod.ready}
    if facts.hop is not None:
        return None
    for name, text in reversed(facts.warnings):
        if name in unready:
            return f"{name} is not ready: {' '.join(text.split())[:_SHOWN]}"
    return None


def flagged(facts: Facts) -> str | None:
    """What the proxies of the hop gave most often as their reason, when no other rule knows more."""
    apps = {pod.name: who(pod) for pod in facts.pods}
    reasons = Counter(
        (apps.get(entry.pod, entry.pod), flag)
        for entry in facts.entries
        if entry.status in facts.statuses | {0}
        for flag in entry.flags.split(",")
        if flag in access_log.FLAGS and (flag != _AFTERWARDS or flag == entry.flags)
    )
    for (app, flag), count in reasons.most_common(1):
        return f"{of(app)} proxy logged {flag} {count} times: {access_log.FLAGS[flag]}"
    return None


RULES: tuple[Rule, ...] = (
    no_such_service,
    refused_by_policy,
    not_injected,
    configuration_rejected,
    routing.not_there_yet,
    mutual_tls.mismatch,
    mutual_tls.not_strict,
    routing.no_such_subset,
    routing.no_endpoints,
    routing.no_route,
    routing.no_route_for_header,
    not_started,
    flagged,
)


def hint(facts: Facts) -> str:
    """Return the line of the first rule that speaks, or nothing."""
    return next((said for rule in RULES if (said := rule(facts))), "")
