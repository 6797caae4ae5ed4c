"""What the control plane has taken, pushed, and been told by its proxies, as its debug pages have it.

Those pages answer on localhost only, hence the tunnel: one to each istiod, kept open for the next question.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, Self, TypeVar

from kubernetes import client
from kubernetes.client import ApiClient, ApiException
from urllib3.exceptions import HTTPError

from meshproof.observe.tunnel import ANSWER_SECONDS, CannotForward, Tunnel

NAMESPACE = "istio-system"
SELECTOR = "app=istiod"
PORT = 15014

ENDPOINTS = "endpoint"
"""The one kind of resource that is pushed because pods come and go."""
_KINDS = ("cluster", "listener", "route", ENDPOINTS, "extensionconfig")
_PUSHES = "pilot_debounce_time_count"
_WORKED = "pilot_pushcontext_init_seconds_sum"
_GATHERED = "pilot_debounce_time_sum"
_SERVED = "pilot_proxy_queue_time_count"
_CONNECTED = "pilot_xds"
_UPDATES = "pilot_inbound_updates"
_SAMPLE = re.compile(
    # Updates of other types may be answered with no push at all.
    rf"^(?:({_PUSHES}|{_WORKED}|{_GATHERED}|{_SERVED}|{_CONNECTED})(?:\{{[^}}]*\}})?"
    rf'|({_UPDATES})\{{[^}}]*type="config"[^}}]*\}}) (\S+)$',
    re.MULTILINE,
)


T = TypeVar("T")


@dataclass(frozen=True)
class Config:
    """One object of the mesh's configuration; two of the same name have different uids."""

    api_group: str
    kind: str
    namespace: str
    name: str
    uid: str

    @classmethod
    def of(cls, obj: Mapping[str, Any]) -> Self:
        """Return the name of an object, as the API or istiod has it."""
        meta = obj["metadata"]
        group = str(obj["apiVersion"]).rpartition("/")[0]
        return cls(group, obj["kind"], meta.get("namespace", ""), meta["name"], meta.get("uid", ""))

    def __str__(self) -> str:
        """Return it as a sentence names it."""
        return f"{self.kind} {self.name}"


@dataclass(frozen=True)
class Proxy:
    """One proxy, as the istiod that it is connected to sees it.

    Args:
        name: `<pod>.<namespace>`.
        sent: by kind of resource, the nonce of what was sent last; a kind that it never asked for is absent.
        acked: by kind, the nonce that the proxy acknowledged last.
        error: why it refused what was sent last; empty when it did not.
        role: `sidecar`, `router`, `waypoint`; empty where istiod does not say.
    """

    name: str
    sent: Mapping[str, str]
    acked: Mapping[str, str]
    error: str = ""
    role: str = ""

    @property
    def synced(self) -> bool:
        """Whether it has acknowledged, or refused, all that was sent."""
        return bool(self.error) or all(self.acked.get(kind) == nonce for kind, nonce in self.sent.items())

    @property
    def config(self) -> Mapping[str, str]:
        """What was sent but for endpoints, which change with pods as well."""
        return {kind: nonce for kind, nonce in self.sent.items() if kind != ENDPOINTS}

    @property
    def subscription(self) -> tuple[str, frozenset[str]]:
        """What it asks for; whoever asks for the same is mostly concerned by the same changes."""
        return self.role, frozenset(self.sent)


@dataclass(frozen=True)
class Counts:
    """What one istiod has done since it started.

    Args:
        updates: requests for a push that came in.
        pushes: times that it pushed what it had gathered; counted when every proxy stands in the queue.
        worked: seconds that went into working out what to push, which is what a push begins with.
        gathered: seconds from the first request of a push to its end, summed over all pushes.
        served: times that a proxy came to the head of that queue; None where istiod has not counted yet.
        connected: proxies of all namespaces that it has now, each of which a push puts into the queue.
    """

    updates: int = 0
    pushes: int = 0
    worked: float = 0.0
    gathered: float = 0.0
    served: int | None = None
    connected: int = 0


@dataclass(frozen=True)
class State:
    """What the control plane knows at one moment.

    Args:
        proxies: those of one namespace, by name.
        counts: of each istiod, by its pod.
    """

    proxies: Mapping[str, Proxy]
    counts: Mapping[str, Counts]


class Page(Protocol):
    """Reads one istiod's pages."""

    def get(self, path: str) -> bytes:
        """Return the body of a page."""

    def close(self) -> None:
        """Read no more."""


class ControlPlane:
    """Every istiod of a mesh; each knows only the proxies that are connected to it.

    Args:
        pods: lists the names of the pods that are ready.
        open_page: connects to one of them.
    """

    def __init__(self, pods: Callable[[], Iterable[str]], open_page: Callable[[str], Page]) -> None:
        self._pods = pods
        self._open = open_page
        self._pages: dict[str, Page] = {}

    @classmethod
    def in_cluster(cls, api: ApiClient, namespace: str = NAMESPACE) -> Self:
        """Use the control plane in a namespace."""
        return cls(lambda: _ready(api, namespace), lambda pod: Tunnel(api, namespace, pod, PORT))

    def connect(self) -> None:
        """Connect to every istiod that is ready, and to no other.

        Raises:
            CannotForward: there is none, or one cannot be asked.
        """
        ready = set(self._pods())
        for gone in self._pages.keys() - ready:
            self._pages.pop(gone).close()
        if not ready:
            raise CannotForward("no istiod is ready", "look at its pods")
        for pod in sorted(ready - self._pages.keys()):
            self._pages[pod] = self._open(pod)

    def configs(self) -> Mapping[str, Mapping[Config, int]]:
        """For each istiod, by its pod, the generation of every object of configuration that it has taken.

        Raises:
            CannotForward: one does not answer.
        """
        return self._read("/debug/configz", _configs)

    def state(self, namespace: str) -> State:
        """Return what is known of the proxies in a namespace.

        Raises:
            CannotForward: an istiod does not answer.
        """
        # The proxies first: where a push is not counted yet, they cannot have got it.
        found = self._read(f"/debug/syncz?namespace={namespace}", _proxies)
        # An istiod that does not know the query answers with all of its proxies.
        ours = [proxy for each in found.values() for proxy in each if proxy.name.endswith(f".{namespace}")]
        return State({proxy.name: proxy for proxy in ours}, self._read("/metrics", _counts))

    def close(self) -> None:
        """Close every connection; the next `connect` makes new ones."""
        while self._pages:
            self._pages.popitem()[1].close()

    def _read(self, path: str, parse: Callable[[bytes], T]) -> dict[str, T]:
        found = {}
        for pod, page in self._pages.items():
            body = page.get(path)
            try:
                found[pod] = parse(body)
            except (ValueError, LookupError, TypeError, AttributeError) as error:
                raise CannotForward(
                    f"istiod's page {path} cannot be understood ({type(error).__name__}: {error})",
                    "look at its version",
                ) from error
        return found


def _configs(page: bytes) -> dict[Config, int]:
    return {Config.of(item): int(item["metadata"].get("generation") or 0) for item in json.loads(page) or ()}


def _proxies(page: bytes) -> list[Proxy]:
    return [_proxy(item) for item in json.loads(page) or ()]


def _counts(metrics: bytes) -> Counts:
    """Return an istiod's counters; one that has not counted yet is absent from its metrics."""
    sums: dict[str, float] = {}
    for name, updates, value in _SAMPLE.findall(metrics.decode()):
        sums[name or updates] = sums.get(name or updates, 0.0) + float(value)
    served = sums.get(_SERVED)
    return Counts(
        updates=int(sums.get(_UPDATES, 0)),
        pushes=int(sums.get(_PUSHES, 0)),
        worked=sums.get(_WORKED, 0.0),
        gathered=sums.get(_GATHERED, 0.0),
        served=None if served is None else int(served),
        connected=int(sums.get(_CONNECTED, 0)),
    )


def _proxy(item: Mapping[str, Any]) -> Proxy:
    sent = {kind: item[f"{kind}_sent"] for kind in _KINDS if item.get(f"{kind}_sent")}
    acked = {kind: item[f"{kind}_acked"] for kind in _KINDS if item.get(f"{kind}_acked")}
    errors = [found.get("lastError") or "" for found in (item.get("resources") or {}).values()]
    return Proxy(item["proxy"], sent, acked, " ".join(" ".join(errors).split()), item.get("proxy_type") or "")


def _ready(api: ApiClient, namespace: str) -> list[str]:
    try:
        pods: Any = client.CoreV1Api(api).list_namespaced_pod(
            namespace, label_selector=SELECTOR, _request_timeout=ANSWER_SECONDS
        )
    except ApiException as error:
        raise CannotForward(
            f"the pods of istiod in namespace {namespace} cannot be listed ({error.status} {error.reason})",
            f"give this kubeconfig's user the right to list pods in {namespace}",
        ) from error
    except HTTPError as error:
        raise CannotForward(
            f"the API server did not list istiod's pods: {error}", "check that the cluster runs"
        ) from error
    return [pod.metadata.name for pod in pods.items if _is_ready(pod)]


def _is_ready(pod: Any) -> bool:
    conditions = {found.type: found.status for found in pod.status.conditions or ()}
    return pod.metadata.deletion_timestamp is None and conditions.get("Ready") == "True"
