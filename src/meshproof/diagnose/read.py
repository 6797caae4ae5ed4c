"""Pods, Services and events as the API has them, read into what a diagnosis knows of them."""

from collections.abc import Iterable, Mapping
from typing import Any

from meshproof.diagnose.facts import PodSeen, ServiceSeen
from meshproof.observe.proxy import CONTAINER
from meshproof.redact import secret_name

Document = Mapping[str, Any]

_INJECT = "sidecar.istio.io/inject"
_ISTIO = "istio"
_GATEWAY = "gateway-"


def pod_of(document: Document) -> PodSeen:
    """Return a pod."""
    metadata, status = document["metadata"], document.get("status", {})
    labels = metadata.get("labels") or {}
    opted = {**(metadata.get("annotations") or {}), **labels}.get(_INJECT)
    conditions = {one["type"]: one["status"] for one in status.get("conditions") or ()}
    return PodSeen(
        name=metadata["name"],
        labels=labels,
        sidecar=CONTAINER in containers_of(document),
        opted_out=opted == "false" or bool(document["spec"].get("hostNetwork")),
        ready=conditions.get("Ready") == "True" and not metadata.get("deletionTimestamp"),
        address=status.get("podIP") or "",
    )


def is_gateway(pod: PodSeen) -> bool:
    """Whether it is a gateway of the run."""
    return pod.labels.get(_ISTIO, "").startswith(_GATEWAY)


def containers_of(document: Document) -> tuple[str, ...]:
    """Return the names of a pod's containers, those that started it included."""
    spec = document["spec"]
    return tuple(one["name"] for one in (*(spec.get("initContainers") or ()), *spec["containers"]))


def secrets_of(documents: Iterable[Document]) -> frozenset[str]:
    """Return the values of variables that are named like secrets: no file may hold them."""
    return frozenset(
        str(variable["value"])
        for document in documents
        for container in (*(document["spec"].get("initContainers") or ()), *document["spec"]["containers"])
        for variable in container.get("env") or ()
        if variable.get("value") and secret_name(variable["name"])
    )


def service_of(document: Document, pods: Iterable[Document]) -> ServiceSeen:
    """Return a Service; the names of its pods' ports are looked up in the pods."""
    spec = document["spec"]
    selector = spec.get("selector") or {}
    named = {
        port["name"]: port["containerPort"]
        for pod in pods
        if selector and selector.items() <= (pod["metadata"].get("labels") or {}).items()
        for container in pod["spec"]["containers"]
        for port in container.get("ports") or ()
        if port.get("name")
    }
    ports = {port["port"]: port.get("targetPort", port["port"]) for port in spec.get("ports") or ()}
    numbers = {port: named.get(target, target) for port, target in ports.items()}
    known = {port: target for port, target in numbers.items() if isinstance(target, int)}
    return ServiceSeen(document["metadata"]["name"], selector, known)


def injecting(labels: Mapping[str, str]) -> bool | None:
    """Whether a namespace with these labels asks for sidecars; None when its pods need none (ambient)."""
    if labels.get("istio.io/dataplane-mode") == "ambient":
        return None
    return labels.get("istio-injection") == "enabled" or bool(labels.get("istio.io/rev"))


def warnings(events: Iterable[Document]) -> tuple[tuple[str, str], ...]:
    """Return what the cluster warned of, with the pod that it is about, the newest last."""
    found = [
        (
            _when(event),
            event["involvedObject"].get("name", ""),
            f"{event.get('reason')}, {event.get('message')}",
        )
        for event in events
        if event.get("type") == "Warning" and event.get("involvedObject", {}).get("kind") == "Pod"
    ]
    return tuple((name, text) for _, name, text in sorted(found))


def pods_text(documents: Iterable[Document]) -> str:
    """Return pods and what each of their containers is doing; neither variables nor annotations."""
    lines = []
    for document in documents:
        pod, status = pod_of(document), document.get("status", {})
        node = document["spec"].get("nodeName", "no node")
        ready = "ready" if pod.ready else "not ready"
        lines.append(
            f"{pod.name}  {status.get('phase', '?')}, {ready}  {pod.address or 'no address'}  on {node}"
        )
        lines.append(
            "  labels  " + ", ".join(f"{name}={value}" for name, value in sorted(pod.labels.items()))
        )
        for one in (*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())):
            words = [f"  {one['name']}", "ready" if one.get("ready") else "not ready"]
            words += [_state(one.get("state") or {}), f"{one.get('restartCount', 0)} restarts"]
            if one.get("lastState"):
                words.append(f"before that {_state(one['lastState'])}")
            lines.append(", ".join(word for word in words if word))
    return "\n".join(lines) + "\n"


def _state(state: Document) -> str:
    """Return `waiting (ImagePullBackOff)` or `running since …`."""
    for name, details in state.items():
        more = details or {}
        said = more.get("reason") or more.get("startedAt") or ""
        code = f", exit code {more['exitCode']}" if "exitCode" in more else ""
        return f"{name} ({said}{code})" if said or code else str(name)
    return ""


def events_text(documents: Iterable[Document]) -> str:
    """Return events by their time, one line each."""
    lines = []
    for event in documents:
        about = event.get("involvedObject", {})
        count = f" ({event['count']}x)" if (event.get("count") or 1) > 1 else ""
        what = f"{event.get('type', '')}  {event.get('reason', '')}  {about.get('kind', '')}"
        lines.append(f"{_when(event)}  {what} {about.get('name', '')}: {event.get('message', '')}{count}")
    return "\n".join(sorted(lines)) + "\n"


def _when(event: Document) -> str:
    return str(event.get("lastTimestamp") or event.get("eventTime") or event.get("firstTimestamp") or "")
