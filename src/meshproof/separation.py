"""A run leaves alone what is not its own: the runs beside it, and whoever reads the mesh's traces.

A control plane sends each proxy the hosts and routes of all namespaces, unless it is told which ones concern
it: every change of a run would be worked out for, and sent to, the proxies of each run beside it. And a mesh
may keep each trace, while probes send calls by the ten thousand: the spans of a run would bury all others.
"""

from collections.abc import Iterable

from kubernetes import client
from kubernetes.client import ApiClient

from meshproof.manifests import Manifests, Object, dynamic
from meshproof.run import RUN_LABEL, Run

PROBES = {"meshproof.dev/probe": "true"}
"""Labels of the pods that probes are. None of Kubernetes' own: Istio names a workload's service by those."""


def separate(api: ApiClient, run: Run, *, seconds: float) -> None:
    """Have the proxies of a run's namespace know of no other run, and those of its probes report no span.

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
    known = [".", run.neighbour, *sorted(namespaces)]
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "Sidecar",
        # Whatever its name, the one without a selector is the namespace's; there may be no second.
        "metadata": {"name": "default"},
        "spec": {"egress": [{"hosts": [f"{name}/*" for name in known]}]},
    }


def no_spans() -> Object:
    """Return the Telemetry of the probes: their proxies pass trace headers on, and report nothing."""
    return {
        "apiVersion": "telemetry.istio.io/v1",
        "kind": "Telemetry",
        "metadata": {"name": "probes"},
        "spec": {"selector": {"matchLabels": PROBES}, "tracing": [{"disableSpanReporting": True}]},
    }
