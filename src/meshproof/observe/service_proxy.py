"""HTTP requests to a service in the cluster, through the API server."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import urllib3.exceptions
from kubernetes.client import ApiClient, ApiException

from meshproof.errors import MeshproofError

# Both backends answer from memory; one that needs longer than this is not going to answer.
REQUEST_SECONDS = 10.0


_NOT_FOUND = 404
_FORBIDDEN = 403


class NoSuchService(MeshproofError):
    """The API server knows no such service: it was never installed, as against one that does not work."""


@dataclass(frozen=True)
class ServiceProxy:
    """One port of one service, reached with the rights and the certificates of a kubeconfig.

    Args:
        api: client of the cluster's API server; the proxy never closes it.
        namespace: where the service is.
        service: its name.
        port: its port number.
    """

    api: ApiClient
    namespace: str
    service: str
    port: int

    def __str__(self) -> str:
        """Name it as a sentence would."""
        return f"service {self.service}:{self.port} in namespace {self.namespace}"

    def get_json(self, path: str, query: Sequence[tuple[str, str]] = ()) -> tuple[int, Any]:
        """Read a JSON document.

        Args:
            path: the service's own path, beginning with a slash.
            query: parameters in order, not yet encoded.

        Returns:
            The service's HTTP status and its parsed body. A refusal by the service itself is an answer.

        Raises:
            NoSuchService: the API server has no such service, or no such namespace.
            MeshproofError: the API server does not answer, has no pod behind the service, does not allow the
                request, or the answer is not JSON.
        """
        request = self.api.param_serialize(
            "GET",
            f"/api/v1/namespaces/{self.namespace}/services/{self.service}:{self.port}/proxy{path}",
            query_params=list(query),
            header_params={"Accept": "application/json"},
            auth_settings=["BearerToken"],
        )
        try:
            # The generated wrapper's own reader has no types; urllib3's response inside it has.
            response = self.api.call_api(*request, _request_timeout=REQUEST_SECONDS).response
            body: bytes = response.data
        except (urllib3.exceptions.HTTPError, ApiException) as error:
            raise MeshproofError(
                f"the API server did not answer a request for {self}: {error}",
                "check that the cluster runs and that the kubeconfig points at it",
            ) from error
        try:
            document = json.loads(body)
        except ValueError:
            document = {"kind": "Status", "message": body[:200].decode(errors="replace").strip()}
        # The API server speaks for itself in Status objects, and in plain text where it cannot reach the
        # pod; neither of the two backends uses that word.
        if isinstance(document, dict) and document.get("kind") == "Status":
            # It names what it did not find; its text about a path or a pod is another matter.
            absent = response.status == _NOT_FOUND and document.get("reason") == "NotFound"
            kind = (document.get("details") or {}).get("kind")
            broken = NoSuchService if absent and kind in {"services", "namespaces"} else MeshproofError
            raise broken(
                f"{self} does not answer ({response.status}: {document.get('message')})",
                "give this kubeconfig's user the right to get services/proxy"
                if response.status == _FORBIDDEN
                else "install the observability chart, or wait until its pods are ready",
            )
        return response.status, document
