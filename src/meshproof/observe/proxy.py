"""A proxy's admin interface, read from inside its pod: the right to exec is all that it takes."""

import json
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from kubernetes import client
from kubernetes.client import ApiClient, ApiException
from kubernetes.stream import stream
from urllib3.exceptions import HTTPError
from websocket import WebSocketException

from meshproof.errors import MeshproofError

CONTAINER = "istio-proxy"

_STDOUT, _STDERR = 1, 2
_SHOWN = 200


class ProxySilent(MeshproofError):
    """A proxy's admin interface cannot be read."""


@dataclass(frozen=True)
class Proxy:
    """The proxy of one pod. Reads only; a secret is never asked for.

    Args:
        api: the cluster's API server.
        namespace: of the pod.
        pod: its name.
    """

    api: ApiClient
    namespace: str
    pod: str

    def routes(self, names: str, seconds: float) -> Any:
        """Dump the route configurations whose whole name matches a regular expression (RE2)."""
        return self._document(
            f"config_dump?resource=dynamic_route_configs&name_regex={quote(names)}", seconds
        )

    def clusters(self, names: str, seconds: float) -> Any:
        """Dump the clusters whose whole name matches a regular expression (RE2)."""
        return self._document(
            f"config_dump?resource=dynamic_active_clusters&name_regex={quote(names)}", seconds
        )

    def endpoints(self, names: str, seconds: float) -> Any:
        """Return the page of clusters and their endpoints, those whose name holds a match (RE2)."""
        return self._document(f"clusters?format=json&filter={quote(names)}", seconds)

    def inbound(self, seconds: float) -> Any:
        """Dump the listener that takes what comes from outside the pod."""
        return self._document("config_dump?resource=dynamic_listeners&name_regex=virtualInbound", seconds)

    def rejections(self, seconds: float) -> Any:
        """Dump the listeners' names, each with the error of its last update if there was one."""
        return self._document(
            f"config_dump?resource=dynamic_listeners&mask={quote('name,error_state.details')}", seconds
        )

    def _document(self, path: str, seconds: float) -> Any:
        """Ask the admin interface.

        Args:
            path: with its query, encoded, without a leading slash.
            seconds: how long the answer may take.

        Raises:
            ProxySilent: the pod has no proxy, the API server does not allow it, or no answer came in time.
        """
        printed, said = self._run(("pilot-agent", "request", "GET", path), seconds)
        try:
            return json.loads(printed or "{}")
        except ValueError:
            text = " ".join((said or printed).split())[:_SHOWN]
            raise ProxySilent(f"{self} does not answer in JSON: {text}", "look at its log") from None

    def _run(self, command: tuple[str, ...], seconds: float) -> tuple[str, str]:
        """Run a command beside the proxy; return what it printed and what it complained of."""
        # A client of its own: while a stream lasts, its client speaks WebSocket for every call.
        with ApiClient(self.api.configuration) as own:
            try:
                socket = stream(
                    client.CoreV1Api(own).connect_get_namespaced_pod_exec,
                    self.pod,
                    self.namespace,
                    container=CONTAINER,
                    command=list(command),
                    stdout=True,
                    stderr=True,
                    stdin=False,
                    tty=False,
                    _preload_content=False,
                    _request_timeout=seconds,
                )
            except (ApiException, HTTPError, WebSocketException, OSError) as error:
                reason = error.reason if isinstance(error, ApiException) else error
                raise ProxySilent(
                    f"{self} cannot be asked: {' '.join(str(reason).split())[:_SHOWN]}",
                    "give this kubeconfig's user the right to create pods/exec",
                ) from error
            try:
                end = time.monotonic() + seconds
                while socket.is_open() and (left := end - time.monotonic()) > 0:
                    socket.update(timeout=left)
                if socket.is_open():
                    raise ProxySilent(f"{self} did not answer within {seconds:.0f} s", "look at its log")
                return (
                    str(socket.read_channel(_STDOUT, timeout=0)),
                    str(socket.read_channel(_STDERR, timeout=0)),
                )
            finally:
                # Not close(): that returns at once when the server was the first to say goodbye.
                socket.sock.shutdown()

    def __str__(self) -> str:
        """Name it as a sentence would."""
        return f"the proxy of {self.pod}"
