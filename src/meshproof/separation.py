"""A run leaves alone what is not its own: runs beside it, other workloads, and who reads metrics and traces.

A control plane sends each proxy the hosts and routes of all namespaces, unless it is told which ones concern
it: every change of a run would be worked out for, and sent to, the proxies of each run beside it, and of
everybody else. And a mesh may keep each trace and count each request, while a run sends calls by the ten
thousand: its spans would bury all others. What is about them asks for them in its own manifest.
"""

from collections.abc import Iterable, Mapping

from kubernetes import client
from kubernetes.client import ApiClient

from meshproof.manifests import Manifests, Object, dynamic
from meshproof.run import RUN_LABEL, Run

QUIET = {
    # Nobody is asked to scrape the pod for its proxy's sake; an annotation of Istio's own says otherwise.
    "prometheus.istio.io/merge-metrics": "false",
    "prometheus.io/scrape": "false",
    # For the chart stock-envoy-telemetry, whose metrics cost a proxy as much as the request. Nobody calls a
    # pod of a run that goes, so its proxy has nothing to drain.
    "proxy.istio.io/config": (
        "proxyMetadata: {ISTIO_META_MESHPROOF_METRICS: 'off'}\nterminationDrainDuration: 1s\n"
    ),
}
"""Annotations of the pods that a run deploys for all of its behaviours."""

_EXPORTED = {"DestinationRule", "ServiceEntry", "VirtualService"}
"""Kinds that a control plane sends to everybody, unless they say to whom."""

_EXPORT_TO = "networking.istio.io/exportTo"
"""The annotation with which a Service says so."""


def concerned(run: Run) -> list[str]:
    """Return whose proxies are concerned by what is in a run's namespace, as Istio names namespaces there."""
    return [".", run.neighbour]


def separate(api: ApiClient, run: Run, *, seconds: float) -> None:
    """Have the proxies of a run's namespace know of no other run, and report no span.

    Args:
        api: the cluster's API server.
        run: whose namespace is there, without proxies so far.
        seconds: until the API server has accepted it.

    Raises:
        MeshproofError: it has not, or this user may not do that.
    """
    found = client.CoreV1Api(api).list_namespace(label_selector=f"!{RUN_LABEL}").items
    names = [item.metadata.name for item in found if item.metadata is not None and item.metadata.name]
    manifests = Manifests(dynamic(api), run.namespace, run.labels, seconds=seconds)
    manifests.apply([scope(run, names), no_spans()])


def scope(run: Run, namespaces: Iterable[str]) -> Object:
    """Return the Sidecar that holds for each proxy of a run's namespace that has none of its own.

    Args:
        run: whose namespaces these proxies know, both.
        namespaces: those that no run has made.
    """
    known = [*concerned(run), *sorted(namespaces)]
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "Sidecar",
        # Whatever its name, the one without a selector is the namespace's; there may be no second.
        "metadata": {"name": "default"},
        "spec": {"egress": [{"hosts": [f"{name}/*" for name in known]}]},
    }


def no_spans() -> Object:
    """Return the Telemetry of a run's namespace: its proxies pass trace headers on, and report nothing."""
    return {
        "apiVersion": "telemetry.istio.io/v1",
        "kind": "Telemetry",
        "metadata": {"name": "default"},
        "spec": {"tracing": [{"disableSpanReporting": True}]},
    }


def kept_services(*namespaces: str) -> Mapping[str, str]:
    """Return the annotations of Services that only the proxies of these namespaces are told of."""
    return {_EXPORT_TO: ",".join(namespaces)}


def kept_to(run: Run, obj: Object) -> Object:
    """Return an object of a manifest as it is sent to the proxies of a run's namespaces and to no others.

    Args:
        run: whose it is.
        obj: of any kind; one that says itself to whom it goes stays as it is.
    """
    whose = concerned(run)
    if obj["apiVersion"] == "v1" and obj["kind"] == "Service":
        annotations = {**kept_services(*whose), **obj["metadata"].get("annotations", {})}
        return {**obj, "metadata": {**obj["metadata"], "annotations": annotations}}
    of_istio = str(obj["apiVersion"]).startswith("networking.istio.io/") and obj["kind"] in _EXPORTED
    if not of_istio or "exportTo" in obj["spec"]:
        return obj
    return {**obj, "spec": {**obj["spec"], "exportTo": whose}}
