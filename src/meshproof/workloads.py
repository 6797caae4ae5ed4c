"""Pods of the run's namespace: what runs in them, and calls made with a tool in one of them."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# Its classes are loaded when they are first named: CoreV1Api takes over half a second.
from kubernetes import client
from kubernetes.client import ApiClient, ApiException
from kubernetes.stream import stream

from meshproof.errors import ExitCode, MeshproofError
from meshproof.manifests import pending
from meshproof.traffic import Answer, Batch, Budgets, Call, CannotSend
from meshproof.traffic.call import only_http
from meshproof.traffic.curl import curl_command, replies_of

_SIDECAR_RESTARTS = (
    "Always"  # an init container that restarts is a sidecar of the pod, not a step of its start
)

_GRACE = 5.0
"""Seconds that curl's output may take to arrive after it was stopped."""


@dataclass(frozen=True)
class Pod:
    """One pod as `kubectl get pods` counts it.

    Args:
        name: the pod's name.
        containers: whether each long-running container is ready, by its name; sidecars included.
        restarts: how often any of its containers has been started again.
    """

    name: str
    containers: Mapping[str, bool]
    restarts: int = 0

    def __str__(self) -> str:
        """Return the two figures and what they count: `2/2 (istio-proxy, reviews)`."""
        ready = sum(self.containers.values())
        return f"{ready}/{len(self.containers)} ({', '.join(sorted(self.containers))})"


def pods_of(api: ApiClient, namespace: str, app: str) -> tuple[Pod, ...]:
    """Return the pods with the label `app`, those that are being deleted left out."""
    found: Any = client.CoreV1Api(api).list_namespaced_pod(namespace, label_selector=f"app={app}")
    return tuple(_pod(item) for item in found.items if item.metadata.deletion_timestamp is None)


def undeployed(api: ApiClient, namespace: str, name: str) -> str | None:
    """Return what a Deployment still waits for, or None once it is rolled out."""
    found = client.AppsV1Api(api).read_namespaced_deployment(name, namespace)
    # Any: this part of the client carries no types.
    of_the_client: Any = api
    return pending(of_the_client.sanitize_for_serialization(found))


def _pod(item: Any) -> Pod:
    sidecars = [c for c in item.spec.init_containers or () if c.restart_policy == _SIDECAR_RESTARTS]
    names = [container.name for container in (*item.spec.containers, *sidecars)]
    statuses = (*(item.status.container_statuses or ()), *(item.status.init_container_statuses or ()))
    ready = {status.name: bool(status.ready) for status in statuses}
    restarts = sum(status.restart_count for status in statuses)
    return Pod(item.metadata.name, {name: ready.get(name, False) for name in names}, restarts)


class Curl:
    """Calls from inside a container of the shop, made with its own curl as the tutorials do.

    Args:
        api: the cluster's API server.
        namespace: where the pod is.
        app: its `app` label, and the container's name.
        budgets: of which the calls take their timeout.
    """

    def __init__(self, api: ApiClient, namespace: str, app: str, budgets: Budgets) -> None:
        self._api = api
        self._namespace = namespace
        self._app = app
        self._timeout = budgets.call_timeout

    def get(self, url: str) -> Call:
        """Return a GET from inside the container; nothing is sent yet."""
        return Call(f"curl in {self._app}", "GET", url, (), "", self._timeout, self)

    def send(self, call: Call, batch: Batch) -> Answer:
        """Have one curl make all calls of the batch, one after the other; at its deadline it is stopped.

        One command for the batch, because each is a request to the API server.

        Raises:
            CannotSend: the call needs more than curl is used for here.
            MeshproofError: there is no such pod, or the API server does not let this user run commands there.
        """
        only_http(call, batch)
        if batch.deadline <= 0:
            return Answer((), partial=True, reason="no time was left")
        pods = pods_of(self._api, self._namespace, self._app)
        if not pods:
            raise MeshproofError(
                f"no pod with the label app={self._app} runs in {self._namespace}", "look at its events"
            )
        between = f"--{secrets.token_hex(8)}--"
        printed = self._run(pods[0].name, curl_command(call, batch, between), batch.deadline + _GRACE)
        replies = replies_of(printed, between, batch.body_limit)
        partial = len(replies) < batch.count
        return Answer(replies, partial, f"stopped after {batch.deadline:g} s" if partial else "")

    def send_each(
        self,
        calls: Sequence[Call],
        batch: Batch,  # noqa: ARG002 - a Sender's signature
        concurrency: int,  # noqa: ARG002 - the same
        deadline: float,  # noqa: ARG002 - the same
    ) -> tuple[Answer, ...]:
        """Refuse: each call would be a command of its own.

        Raises:
            CannotSend: always.
        """
        raise CannotSend(
            f"curl in {self._app} sends one call at a time, not {len(calls)} different ones",
            "send them from a probe",
            ExitCode.USAGE,
        )

    def _run(self, pod: str, command: Sequence[str], seconds: float) -> str:
        # A client of its own: while a stream lasts, its client speaks WebSocket for every call.
        with ApiClient(self._api.configuration) as own:
            try:
                socket = stream(
                    client.CoreV1Api(own).connect_get_namespaced_pod_exec,
                    pod,
                    self._namespace,
                    container=self._app,
                    command=list(command),
                    stdout=True,
                    stderr=True,
                    stdin=False,
                    tty=False,
                    # The client would read it all by itself, but then leave the socket open.
                    _preload_content=False,
                )
            except ApiException as error:
                raise MeshproofError(
                    f"cannot run curl in {pod}, container {self._app}: {error.reason}",
                    "give this kubeconfig's user the right to create pods/exec",
                ) from error
            try:
                socket.run_forever(timeout=seconds)
                return str(socket.read_all())
            finally:
                # Not close(): that returns at once when the server was the first to say goodbye.
                socket.sock.shutdown()
