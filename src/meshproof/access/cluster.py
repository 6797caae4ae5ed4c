"""Whether a cluster is ready for a run: it answers, its user may do what a run does, and a mesh serves there.

Asks, and has the mesh's webhook judge in a dry run; changes nothing.
"""

from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Any

from kubernetes import client
from kubernetes.client import ApiException
from urllib3.exceptions import HTTPError

from meshproof.access.findings import Finding, State
from meshproof.access.istiod import NAMESPACE, PORT, istiod_service
from meshproof.access.rights import Right, cluster_role, missing, rights
from meshproof.cluster.model import Cluster
from meshproof.errors import MeshproofError
from meshproof.mesh.serving import judged

ISTIO = ".istio.io"
APPLY = "patch"
INJECTED = {"istio-injection": "enabled"}
"""The labels of a run's namespace, by which a mesh takes it in."""

ASK_SECONDS = 10

_UNKNOWN = "more cannot be told without the rights that are missing"
_JUDGED = Right("networking.istio.io", "virtualservices", "create")
"""The right without which the webhook cannot be asked."""


def look(cluster: Callable[[], Cluster]) -> tuple[Finding, ...]:
    """Look at a cluster; when it does not answer, that is all there is to say.

    Args:
        cluster: finds it; its error is the finding.
    """
    try:
        found = cluster()
        version = found.version()
    except MeshproofError as error:
        return (Finding("cluster", State.MISSING, error.what, error.next_step),)
    wanted = rights(cluster_role())
    try:
        lacking = missing(found.api, wanted)
    except (ApiException, HTTPError) as error:
        said = f"the API server does not say what this user may do: {error}"
        return (Finding("rights", State.MISSING, said, "look at the API server's log"),)
    return (
        Finding("cluster", State.OK, f"context {found.context} answers, Kubernetes {version}"),
        *_rights(wanted, lacking),
        *_asked("kinds of the mesh", lambda: _kinds(found, wanted)),
        *_asked("control plane", lambda: (_control_plane(found, may_ask=_JUDGED not in lacking),)),
        *_asked("injection webhook", lambda: (_injection(found),)),
    )


def _asked(name: str, look_at: Callable[[], Iterable[Finding]]) -> Iterable[Finding]:
    """What was found, or that it could not be told: another finding then names the right that is missing."""
    try:
        return tuple(look_at())
    except ApiException as error:
        if error.status == HTTPStatus.FORBIDDEN:
            return (Finding(name, State.NOTE, _UNKNOWN),)
        said = f"the API server answered {error.status} {error.reason}"
        return (Finding(name, State.MISSING, said, "look at the API server's log"),)
    except HTTPError as error:
        return (Finding(name, State.MISSING, f"the API server did not answer: {error}", "ask again"),)


def _rights(wanted: tuple[Right, ...], lacking: tuple[Right, ...]) -> Iterable[Finding]:
    if not lacking:
        return (Finding("rights", State.OK, f"this user has all {len(wanted)}"),)
    give = "apply the output of `meshproof doctor --clusterrole` and bind it to this user"
    return tuple(
        Finding(f"right to {right}", State.MISSING, "this user does not have it", give) for right in lacking
    )


def _kinds(cluster: Cluster, wanted: tuple[Right, ...]) -> Iterable[Finding]:
    """Whether each kind of the mesh that a run applies is served, in any version."""
    needed: dict[str, set[str]] = {}
    for right in wanted:
        if right.group.endswith(ISTIO) and right.verb == APPLY:
            needed.setdefault(right.group, set()).add(right.resource)
    groups: Any = client.ApisApi(cluster.api).get_api_versions(_request_timeout=ASK_SECONDS)
    versions = {group.name: [each.version for each in group.versions] for group in groups.groups}
    absent = []
    for group, resources in needed.items():
        served: set[str] = set()
        for version in versions.get(group, ()):
            # A kind may be served in one of them alone, and not in the one that is preferred.
            listed: Any = client.CustomObjectsApi(cluster.api).get_api_resources(
                group, version, _request_timeout=ASK_SECONDS
            )
            served |= {each.name for each in listed.resources}
        absent += [f"{resource}.{group}" for resource in sorted(resources - served)]
    if not absent:
        count = sum(len(resources) for resources in needed.values())
        return (Finding("kinds of the mesh", State.OK, f"all {count} are served"),)
    install = "install Istio's custom resource definitions: its chart `base`"
    return tuple(
        Finding(f"definition {name}", State.MISSING, "the cluster does not know it", install)
        for name in absent
    )


def _control_plane(cluster: Cluster, *, may_ask: bool) -> Finding:
    name = "control plane"
    service = istiod_service(cluster.api, ASK_SECONDS)
    try:
        answer: Any = client.CoreV1Api(cluster.api).connect_get_namespaced_service_proxy_with_path(
            f"{service}:{PORT}", NAMESPACE, "version", _request_timeout=ASK_SECONDS
        )
    except ApiException as error:
        if error.status == HTTPStatus.FORBIDDEN:
            raise
        install = "install Istio, or look at the pods of istio-system"
        if error.status == HTTPStatus.NOT_FOUND:
            return Finding(name, State.MISSING, "there is no service istiod in istio-system", install)
        return Finding(name, State.MISSING, f"istiod does not answer ({error.status})", install)
    version = str(answer).strip()
    if not may_ask:
        unknown = f"istiod {version} answers; {_UNKNOWN}"
        return Finding(name, State.NOTE, unknown)
    if not judged(cluster):
        return Finding(
            name,
            State.MISSING,
            f"istiod {version} answers, but its webhook does not judge a VirtualService",
            "look at the log of istiod and at the validatingwebhookconfigurations",
        )
    return Finding(name, State.OK, f"istiod {version} answers and its webhook judges")


def _injection(cluster: Cluster) -> Finding:
    name = "injection webhook"
    found: Any = client.AdmissionregistrationV1Api(cluster.api).list_mutating_webhook_configuration(
        _request_timeout=ASK_SECONDS
    )
    label = ", ".join(f"{key}={value}" for key, value in INJECTED.items())
    for configuration in found.items:
        for webhook in configuration.webhooks or ():
            if ISTIO in webhook.name and _selects(webhook.namespace_selector, INJECTED):
                injects = f"{configuration.metadata.name} takes in namespaces with {label}"
                return Finding(name, State.OK, injects)
    return Finding(
        name,
        State.MISSING,
        f"none of Istio takes in namespaces with {label}",
        "make the installed revision the default: istioctl tag set default --revision NAME",
    )


def _selects(selector: Any, labels: Mapping[str, str]) -> bool:
    """Whether a label selector picks a namespace with exactly these labels."""
    if selector is None:
        return True
    wanted: Mapping[str, str] = selector.match_labels or {}
    if any(labels.get(key) != value for key, value in wanted.items()):
        return False
    return all(_holds(each, labels) for each in selector.match_expressions or ())


def _holds(expression: Any, labels: Mapping[str, str]) -> bool:
    value, values = labels.get(expression.key), expression.values or ()
    held = {
        "In": value in values,
        "NotIn": value not in values,
        "Exists": value is not None,
        "DoesNotExist": value is None,
    }
    return held[expression.operator]
