"""A sample of calls from probe to probe: how long it takes, and what it leaves in a probe's memory."""

import json
from datetime import UTC, datetime
from pathlib import Path

from kubernetes import client

from meshproof import wait
from meshproof.checks import served_by, status
from meshproof.cluster.model import Cluster
from meshproof.mesh.helm import Helm
from meshproof.process import Stopwatch
from meshproof.traffic import Batch, Budgets, Expect
from meshproof.traffic.probe import PodProxy, Probe

NAMESPACE = "meshproof-bench"
CALLS = 4_000
MEASURED_SECONDS = 60
"""Within this the kubelet has looked at every container again; it does so every 10 to 20 s."""


def through_two_sidecars(cluster: Cluster, helm: Helm, chart: Path, image: str) -> tuple[float, int]:
    """Send one batch of calls from probe-a to probe-b, as a share's sample does.

    Args:
        cluster: has a mesh.
        helm: on that cluster.
        chart: of the probes.
        image: of the probe.

    Returns:
        Seconds from the request to the last reply, and the bytes that the larger of the probes holds then.
    """
    core = client.CoreV1Api(cluster.api)
    metadata = client.V1ObjectMeta(name=NAMESPACE, labels={"istio-injection": "enabled"})
    core.create_namespace(client.V1Namespace(metadata=metadata))
    try:
        helm.install_or_upgrade("probe", chart, NAMESPACE, {"images": {"probe": image}})
        seconds = _batch(Probe("probe-a", PodProxy(cluster.api, NAMESPACE, "probe-a")))
        return seconds, max(_bytes(cluster, app) for app in ("probe-a", "probe-b"))
    finally:
        core.delete_namespace(NAMESPACE)


def _batch(probe: Probe) -> float:
    budgets = Budgets()
    call = probe.get("http://probe-b:8080/")
    right = status(200) & served_by("probe-b")
    Expect(budgets).converged(call, right)
    watch = Stopwatch()
    answer = probe.send(call, Batch(CALLS, budgets.sample_concurrency, budgets.sample, body_limit=0))
    seconds = watch.seconds
    wrong = [reason for reply in answer.replies if (reason := right(reply))]
    if wrong or answer.partial:
        raise RuntimeError(f"{len(answer.replies)} of {CALLS} calls were answered, {len(wrong)} wrongly")
    return seconds


def _bytes(cluster: Cluster, app: str) -> int:
    """Working set of a probe's container, in bytes, measured after now: its limit is held against it."""
    now = datetime.now(UTC)
    (pod,) = client.CoreV1Api(cluster.api).list_namespaced_pod(NAMESPACE, label_selector=f"app={app}").items

    def measured() -> int | None:
        for container in _containers(cluster, pod):
            memory = container["memory"]
            if container["name"] == "probe" and datetime.fromisoformat(memory["time"]) > now:
                return int(memory["workingSetBytes"])
        return None

    return wait.until(
        measured, MEASURED_SECONDS, f"the kubelet measures {app}", "look at the kubelet's log", every=1
    )


def _containers(cluster: Cluster, pod: client.V1Pod) -> list[dict]:
    """What the kubelet knows of a pod's containers, read through the API server."""
    path = f"/api/v1/nodes/{pod.spec.node_name}/proxy/stats/summary"
    request = cluster.api.param_serialize("GET", path, auth_settings=["BearerToken"])
    document = json.loads(cluster.api.call_api(*request).response.data)
    pods = {one["podRef"]["uid"]: one.get("containers", []) for one in document["pods"]}
    return pods.get(pod.metadata.uid, [])
