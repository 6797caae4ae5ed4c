"""What detectors read from the API server: each thing once, however many of them ask for it.

Everything is a GET, made when the first detector needs it; a refusal is kept and told as well as an answer.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import urllib3.exceptions
import yaml
from kubernetes.client import ApiClient, ApiException

from meshproof.errors import MeshproofError

SYSTEM = "istio-system"
DEFAULT_REVISION = "default"

READ_SECONDS = 10.0
"""How long one read may take; once the API server did not answer in that time, no detector asks it again."""

RIGHTS = frozenset(
    {
        "list nodes",
        "list pods",
        "list services",
        "get services/proxy",
        "get configmaps",
        "list daemonsets.apps",
        "list endpointslices.discovery.k8s.io",
        "list mutatingwebhookconfigurations.admissionregistration.k8s.io",
        "get gatewayclasses.gateway.networking.k8s.io",
    }
)
"""Every right that detection uses; the version and the list of APIs are everybody's to read."""

# One answer with every resource of every group, from Kubernetes 1.26 on.
_DISCOVERY = ",".join(
    f"application/json;g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList"
    for version in ("v2", "v2beta1")
)
_JSON = "application/json"
_PROXY = "/proxy/"


class NotThereError(MeshproofError):
    """The API server knows no such object: it was never made, as against one that does not work."""


@dataclass(frozen=True)
class Surroundings:
    """Where features are looked for.

    Args:
        api: the cluster's API server.
        charts: folder or repository of Istio's charts, or None when none was given.
        images: names of those that a run has.
    """

    api: ApiClient
    charts: str | None
    images: frozenset[str] = frozenset()


class Reads:
    """Reads of one detection. Every method raises a MeshproofError when it cannot be told.

    Args:
        around: where to look.
    """

    def __init__(self, around: Surroundings) -> None:
        self._api = around.api
        self.charts = around.charts
        self.images = around.images
        self._answers: dict[str, bytes | MeshproofError] = {}
        self._silent: MeshproofError | None = None

    def client(self) -> ApiClient:
        """The API server's client, for those who speak to a service behind it."""
        if self._silent is not None:
            raise self._silent
        return self._api

    def version(self) -> str:
        """Kubernetes' version, such as "v1.34.4"."""
        return str(self._document("/version", "read the version")["gitVersion"])

    def kinds(self) -> Mapping[str, frozenset[str]]:
        """The resources that are served, by API group, such as {"apps": {"deployments", …}}."""
        groups: dict[str, frozenset[str]] = {}
        for group in self._document("/apis", "read the list of APIs", accept=_DISCOVERY)["items"]:
            resources = (each for version in group["versions"] for each in version.get("resources", ()))
            groups[group["metadata"]["name"]] = frozenset(each["resource"] for each in resources)
        return groups

    def nodes(self) -> Sequence[Any]:
        """The nodes that take pods."""
        items = self._items("/api/v1/nodes", "list nodes")
        return [node for node in items if not node["spec"].get("unschedulable")]

    def daemon_sets(self) -> Sequence[Any]:
        """The DaemonSets of every namespace."""
        return self._items("/apis/apps/v1/daemonsets", "list daemonsets.apps")

    def load_balancers(self) -> Sequence[Any]:
        """The Services of type LoadBalancer of every namespace."""
        return self._items("/api/v1/services?fieldSelector=spec.type%3DLoadBalancer", "list services")

    def webhooks(self) -> Sequence[Any]:
        """The mutating webhooks, each with the name of its configuration under `configuration`."""
        configurations = self._items(
            "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations",
            "list mutatingwebhookconfigurations.admissionregistration.k8s.io",
        )
        return [
            {**webhook, "configuration": each["metadata"]["name"]}
            for each in configurations
            for webhook in each.get("webhooks", ())
        ]

    def control_plane(self) -> Sequence[Any]:
        """The running pods of istiod, those of the default revision first; at least one.

        Raises:
            MeshproofError: none runs.
        """
        path = f"/api/v1/namespaces/{SYSTEM}/pods?labelSelector=app%3Distiod"
        pods = [
            pod
            for pod in self._items(path, "list pods")
            if pod["status"].get("phase") == "Running" and "deletionTimestamp" not in pod["metadata"]
        ]
        if pods:
            return sorted(pods, key=lambda pod: _revision(pod) != DEFAULT_REVISION)
        raise MeshproofError(f"no pod of istiod runs in {SYSTEM}", "install Istio, or look at its Deployment")

    def revisions(self) -> Sequence[str]:
        """The revisions of the control plane, sorted."""
        return sorted({_revision(pod) for pod in self.control_plane()})

    def flag(self, name: str) -> str | None:
        """The value of an environment variable of istiod; None where it is left to its default."""
        for container in self.control_plane()[0]["spec"]["containers"]:
            for variable in container.get("env", ()):
                if variable["name"] == name:
                    return str(variable.get("value", ""))
        return None

    def metric(self, name: str) -> Mapping[str, float]:
        """A metric of istiod: its values by the text of their labels; empty when it has none.

        Raises:
            NotThereError: istiod has no Service.
            MeshproofError: it does not answer.
        """
        try:
            text = self._metrics("istiod")
        except NotThereError as absent:
            try:
                service = self._of_revision("istiod")
            except MeshproofError:
                raise absent from None  # no pod of it either: there is no mesh
            text = self._metrics(service)
        lines = re.findall(rf"^{name}\{{(.*)\}} (\S+)$", text, re.MULTILINE)
        return {labels: float(value) for labels, value in lines}

    def mesh_config(self) -> Mapping[str, Any]:
        """The mesh configuration as it was installed: what it leaves out has Istio's default."""
        return self._config("istio", "mesh")

    def injection_values(self) -> Mapping[str, Any]:
        """The Helm values with which pods are injected."""
        return self._config("istio-sidecar-injector", "values")

    def ready_endpoints(self, service: str, namespace: str) -> int:
        """How many endpoints of a Service are ready; 0 also when there is no such Service."""
        path = f"/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices"
        selector = f"labelSelector=kubernetes.io%2Fservice-name%3D{service}"
        slices = self._items(f"{path}?{selector}", "list endpointslices.discovery.k8s.io")
        endpoints = [each for found in slices for each in found.get("endpoints") or ()]
        return sum(each.get("conditions", {}).get("ready") is not False for each in endpoints)

    def gateway_class(self, name: str) -> Any:
        """A GatewayClass of the Gateway API.

        Raises:
            NotThereError: there is none of that name.
        """
        path = f"/apis/gateway.networking.k8s.io/v1/gatewayclasses/{name}"
        return self._document(path, "get gatewayclasses.gateway.networking.k8s.io")

    def _metrics(self, service: str) -> str:
        path = f"/api/v1/namespaces/{SYSTEM}/services/{service}:15014/proxy/metrics"
        return self._read(path, "get services/proxy", accept="text/plain").decode(errors="replace")

    def _of_revision(self, name: str) -> str:
        """What Istio's charts call an object: with the revision's name, where it has one."""
        known = self.revisions()
        return name if DEFAULT_REVISION in known else f"{name}-{known[0]}"

    def _config(self, name: str, key: str) -> Mapping[str, Any]:
        full = self._of_revision(name)
        try:
            found = self._document(f"/api/v1/namespaces/{SYSTEM}/configmaps/{full}", "get configmaps")
        except NotThereError as error:
            raise MeshproofError(
                f"how the mesh is configured cannot be told ({error.what})", "look at istiod's options"
            ) from error
        try:
            return yaml.safe_load(found["data"][key]) or {}
        except yaml.YAMLError as error:
            raise ValueError(f"{full} holds no YAML") from error

    def _items(self, path: str, right: str) -> Sequence[Any]:
        return self._document(path, right)["items"] or ()

    def _document(self, path: str, right: str, accept: str = _JSON) -> Any:
        return json.loads(self._read(path, right, accept))

    def _read(self, path: str, right: str, accept: str) -> bytes:
        if path not in self._answers:
            try:
                self._answers[path] = self._ask(path, right, accept)
            except MeshproofError as error:
                self._answers[path] = error
        answer = self._answers[path]
        if isinstance(answer, MeshproofError):
            raise answer
        return answer

    def _ask(self, path: str, right: str, accept: str) -> bytes:
        api = self.client()
        request = api.param_serialize(
            "GET", path, header_params={"Accept": accept}, auth_settings=["BearerToken"]
        )
        try:
            # The generated wrapper's own reader has no types; urllib3's response inside it has.
            response = api.call_api(*request, _request_timeout=READ_SECONDS).response
            body: bytes = response.data
        except (urllib3.exceptions.HTTPError, ApiException) as error:
            silent = MeshproofError(
                f"the API server did not answer GET {path} ({error})",
                "check that the cluster runs and that the kubeconfig points at it",
            )
            if _PROXY not in path:  # there it may be the service that does not answer
                self._silent = silent
            raise silent from error
        if response.status == HTTPStatus.OK:
            return body
        raise _refusal(path, right, response.status, body)


def _revision(pod: Any) -> str:
    return str(pod["metadata"]["labels"].get("istio.io/rev", DEFAULT_REVISION))


def _refusal(path: str, right: str, status: int, body: bytes) -> MeshproofError:
    """Return what an answer other than 200 means: a right that is missing, an object that is, or a fault."""
    try:
        document = json.loads(body)
        said, details = document["message"], document.get("details") or {}
    except (ValueError, TypeError, LookupError, AttributeError):
        said, details = body[:200].decode(errors="replace").strip(), {}
    if status == HTTPStatus.FORBIDDEN:
        return MeshproofError(
            f"this user may not {right}", f"give this kubeconfig's user the right to {right}"
        )
    # It names what it did not find; its word about a pod behind a Service is another matter.
    if status == HTTPStatus.NOT_FOUND and details.get("kind") not in {None, "pods"}:
        return NotThereError(str(said), "install what is missing")
    return MeshproofError(f"GET {path} was answered {status}: {said}", "look at the cluster")
