"""Pods of the run's namespace: what runs in them, and calls made with a tool in one of them."""

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from kubernetes.client import ApiClient, ApiException, CoreV1Api
from kubernetes.stream import stream

from meshproof.errors import MeshproofError
from meshproof.traffic import Answer, Batch, Budgets, Call, Failure, FailureKind, Reply
from meshproof.traffic.call import only_http

_SIDECAR_RESTARTS = (
    "Always"  # an init container that restarts is a sidecar of the pod, not a step of its start
)


@dataclass(frozen=True)
class Pod:
    """One pod as `kubectl get pods` counts it.

    Args:
        name: the pod's name.
        containers: whether each long-running container is ready, by its name; sidecars included.
    """

    name: str
    containers: Mapping[str, bool]

    def __str__(self) -> str:
        """Return the two figures and what they count: `2/2 (istio-proxy, reviews)`."""
        ready = sum(self.containers.values())
        return f"{ready}/{len(self.containers)} ({', '.join(sorted(self.containers))})"


def pods_of(api: ApiClient, namespace: str, app: str) -> tuple[Pod, ...]:
    """Return the pods with the label `app`, those that are being deleted left out."""
    found: Any = CoreV1Api(api).list_namespaced_pod(namespace, label_selector=f"app={app}")
    return tuple(_pod(item) for item in found.items if item.metadata.deletion_timestamp is None)


def _pod(item: Any) -> Pod:
    sidecars = [c for c in item.spec.init_containers or () if c.restart_policy == _SIDECAR_RESTARTS]
    names = [container.name for container in (*item.spec.containers, *sidecars)]
    statuses = (*(item.status.container_statuses or ()), *(item.status.init_container_statuses or ()))
    ready = {status.name: bool(status.ready) for status in statuses}
    return Pod(item.metadata.name, {name: ready.get(name, False) for name in names})


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
        """Run curl as often as the batch says; what has not begun at its deadline is left out.

        Raises:
            CannotSend: the call needs more than curl is used for here.
            MeshproofError: there is no such pod, or the API server does not let this user run commands there.
        """
        only_http(call, batch)
        pods = pods_of(self._api, self._namespace, self._app)
        if not pods:
            raise MeshproofError(
                f"no pod with the label app={self._app} runs in {self._namespace}", "look at its events"
            )
        end = time.monotonic() + batch.deadline

        def one(_number: int) -> Reply | None:
            if time.monotonic() >= end:
                return None
            words = [
                "curl",
                "-s",
                "--max-time",
                f"{call.timeout:g}",
                "--write-out",
                r"\n%{http_code}",
                call.url,
            ]
            started = time.perf_counter()
            printed = self._run(pods[0].name, words)
            return reply_of(printed, time.perf_counter() - started, batch.body_limit)

        with ThreadPoolExecutor(batch.concurrency) as pool:
            replies = tuple(reply for reply in pool.map(one, range(batch.count)) if reply is not None)
        return Answer(replies, partial=len(replies) < batch.count)

    def _run(self, pod: str, command: Sequence[str]) -> str:
        # A client of its own: while a stream lasts, its client speaks WebSocket for every call.
        with ApiClient(self._api.configuration) as own:
            try:
                socket = stream(
                    CoreV1Api(own).connect_get_namespaced_pod_exec,
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
                    f"cannot run {command[0]} in {pod}, container {self._app}: {error.reason}",
                    "give this kubeconfig's user the right to create pods/exec",
                ) from error
            try:
                socket.run_forever(timeout=2 * self._timeout)
                return str(socket.read_all())
            finally:
                # Not close(): that returns at once when the server was the first to say goodbye.
                socket.sock.shutdown()


def reply_of(printed: str, seconds: float, limit: int) -> Reply:
    """Return the reply in curl's output, whose last line is the status; 000 when there was no reply.

    Raises:
        MeshproofError: the last line is no status, so it was not curl that printed it.
    """
    body, _, code = printed.rpartition("\n")
    if not code.isdecimal():
        raise MeshproofError(
            f"curl did not run in the container: {' '.join(printed.split())[:200]}", "look at the pod's image"
        )
    if int(code) == 0:
        return Reply(None, seconds=seconds, failure=Failure(FailureKind.OTHER, "curl got no reply"))
    kept = body.encode()[:limit].decode("utf-8", "ignore")
    return Reply(int(code), body=kept, seconds=seconds)
