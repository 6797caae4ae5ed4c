"""Where a failure happened: a namespace, looked at through the API server and never changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from kubernetes import client
from kubernetes.client import ApiClient, ApiException

from meshproof.errors import MeshproofError
from meshproof.observe.proxy import Proxy

Document = Mapping[str, Any]


@dataclass(frozen=True)
class Kind:
    """One kind of objects, as the API serves it."""

    group: str
    version: str
    plural: str

    def __str__(self) -> str:
        """Return it as a right to read it names it."""
        return f"{self.plural}.{self.group}"


KINDS = (
    Kind("networking.istio.io", "v1", "virtualservices"),
    Kind("networking.istio.io", "v1", "destinationrules"),
    Kind("networking.istio.io", "v1", "gateways"),
    Kind("networking.istio.io", "v1", "serviceentries"),
    Kind("networking.istio.io", "v1", "sidecars"),
    Kind("networking.istio.io", "v1alpha3", "envoyfilters"),
    Kind("security.istio.io", "v1", "peerauthentications"),
    Kind("security.istio.io", "v1", "authorizationpolicies"),
    Kind("security.istio.io", "v1", "requestauthentications"),
    Kind("telemetry.istio.io", "v1", "telemetries"),
    Kind("gateway.networking.k8s.io", "v1", "gateways"),
    Kind("gateway.networking.k8s.io", "v1", "httproutes"),
)
"""What can make a mesh behave as it does; a cluster that does not serve a kind has none of it."""

# Nothing that is read here takes long where the API server is well.
REQUEST_SECONDS = 5.0
LOG_LINES = 3000
# The API server keeps the first bytes, not the last: the lines are to be the limit.
LOG_BYTES = 4_000_000
_NOT_FOUND = 404


class Asked(Protocol):
    """A proxy that says how it is configured; the dumps are Envoy's own."""

    def routes(self, names: str, seconds: float) -> Any:
        """Dump the route configurations whose name matches."""

    def clusters(self, names: str, seconds: float) -> Any:
        """Dump the clusters whose name matches."""

    def endpoints(self, names: str, seconds: float) -> Any:
        """Return clusters and their endpoints."""

    def inbound(self, seconds: float) -> Any:
        """Dump the inbound listener."""

    def rejections(self, seconds: float) -> Any:
        """Dump the listeners' names and errors."""


class Scene(Protocol):
    """What a diagnosis may read. Each may raise MeshproofError: it is not there, or not allowed."""

    @property
    def namespace(self) -> str:
        """The run's."""

    def labels(self) -> Mapping[str, str]:
        """Return the namespace's labels."""

    def pods(self) -> tuple[Document, ...]:
        """Return its pods, as the API has them."""

    def services(self) -> tuple[Document, ...]:
        """Return its Services."""

    def events(self) -> tuple[Document, ...]:
        """Return its events."""

    def objects(self, kind: Kind) -> tuple[Document, ...]:
        """Return the mesh's objects of a kind in it."""

    def log(self, pod: str, container: str, since: float) -> str:
        """Return the last lines that a container wrote in so many seconds."""

    def proxy(self, pod: str) -> Asked:
        """Return a pod's proxy; nothing is asked yet."""


class Unread(MeshproofError):
    """Something of the namespace could not be read."""


class KubernetesScene:
    """A namespace of a cluster.

    Args:
        api: the cluster's API server.
        namespace: the run's.
    """

    def __init__(self, api: ApiClient, namespace: str) -> None:
        self._api = api
        self._core = client.CoreV1Api(api)
        self._namespace = namespace

    @property
    def namespace(self) -> str:
        """The run's."""
        return self._namespace

    def labels(self) -> Mapping[str, str]:
        """Return the namespace's labels."""
        try:
            found: Any = self._core.read_namespace(self._namespace, _request_timeout=REQUEST_SECONDS)
        except ApiException as error:
            raise _unread("the namespace", error) from error
        return dict(found.metadata.labels or {})

    def pods(self) -> tuple[Document, ...]:
        """Return its pods, as the API has them."""
        return self._listed("pods", self._core.list_namespaced_pod)

    def services(self) -> tuple[Document, ...]:
        """Return its Services."""
        return self._listed("services", self._core.list_namespaced_service)

    def events(self) -> tuple[Document, ...]:
        """Return its events."""
        return self._listed("events", self._core.list_namespaced_event)

    def _listed(self, what: str, ask: Any) -> tuple[Document, ...]:
        try:
            found = ask(self._namespace, _request_timeout=REQUEST_SECONDS)
        except ApiException as error:
            raise _unread(what, error) from error
        api: Any = self._api
        return tuple(api.sanitize_for_serialization(found)["items"])

    def objects(self, kind: Kind) -> tuple[Document, ...]:
        """Return the mesh's objects of a kind in it, each without what it was last applied as."""
        try:
            found: Any = client.CustomObjectsApi(self._api).list_namespaced_custom_object(
                kind.group, kind.version, self._namespace, kind.plural, _request_timeout=REQUEST_SECONDS
            )
        except ApiException as error:
            if error.status == _NOT_FOUND:
                return ()
            raise _unread(kind.plural, error) from error
        return tuple(_bare(obj) for obj in found["items"])

    def log(self, pod: str, container: str, since: float) -> str:
        """Return the last lines that a container wrote in so many seconds."""
        try:
            return str(
                self._core.read_namespaced_pod_log(
                    pod,
                    self._namespace,
                    container=container,
                    since_seconds=max(1, int(since)),
                    tail_lines=LOG_LINES,
                    limit_bytes=LOG_BYTES,
                    _request_timeout=REQUEST_SECONDS,
                )
            )
        except ApiException as error:
            raise _unread(f"the log of {pod}, container {container}", error) from error

    def proxy(self, pod: str) -> Proxy:
        """Return a pod's proxy; nothing is asked yet."""
        return Proxy(self._api, self._namespace, pod)


def _bare(obj: Document) -> Document:
    """Return an object with its name and what it says; managers and annotations repeat it all."""
    metadata = {
        name: obj["metadata"][name]
        for name in ("name", "namespace", "labels", "generation", "creationTimestamp")
        if name in obj["metadata"]
    }
    parts = {name: obj[name] for name in ("apiVersion", "kind", "spec", "status") if name in obj}
    return {**parts, "metadata": metadata}


def _unread(what: str, error: ApiException) -> Unread:
    return Unread(
        f"{what} cannot be read ({error.status} {error.reason})", "give this kubeconfig's user the right"
    )
