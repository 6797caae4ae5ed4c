"""The probe as a sender: batches go to its control port through the API server."""

import json
from collections.abc import Mapping
from typing import Any, Protocol

from kubernetes.client import ApiClient, ApiException, CoreV1Api
from urllib3.exceptions import HTTPError

from meshproof.errors import ExitCode, MeshproofError
from meshproof.traffic.budgets import Budgets
from meshproof.traffic.call import Answer, Batch, Call, pairs
from meshproof.traffic.reply import Failure, FailureKind, Reply

CONTROL_PORT = 15999

_GRACE = 15.0
"""Seconds that an answer may take beyond the batch's deadline, to be written and carried."""

_CONNECT = 10.0

_NOT_FOUND, _UNPROCESSABLE = 404, 422


class ProbeUnreachable(MeshproofError):
    """A probe gave no answer of its own: the environment is broken, the mesh is not judged."""


class BatchRefused(MeshproofError):
    """A probe says that a batch cannot be run; its message names the field."""


class Transport(Protocol):
    """Carries a batch to a probe and its answer back."""

    def send(self, document: Mapping[str, Any], seconds: float) -> Mapping[str, Any]:
        """Carry it.

        Args:
            document: the batch as the probe reads it.
            seconds: how long the answer may take.

        Raises:
            ProbeUnreachable: no answer came.
            BatchRefused: the probe will not run it.
        """


class PodProxy:
    """Reaches the ready pod of a probe through the API server's pod proxy.

    Args:
        client: kubernetes' client, with the address and credentials of the cluster.
        namespace: where the probe runs.
        app: its `app` label.
    """

    def __init__(self, client: ApiClient, namespace: str, app: str) -> None:
        # Any: parts of the client that batches need carry no types.
        self._client: Any = client
        self._namespace = namespace
        self._app = app
        self._pod: str | None = None

    def send(self, document: Mapping[str, Any], seconds: float) -> Mapping[str, Any]:
        """Carry a batch to the probe's pod; a pod that has gone is looked up again."""
        known = self._pod
        pod = known or self._find()
        status, text = self._post(pod, document, seconds)
        if status == _NOT_FOUND and known:
            # The API server knows no such pod, so the batch did not reach anybody.
            pod = self._find()
            status, text = self._post(pod, document, seconds)
        self._pod = pod
        try:
            answer = json.loads(text)
        except ValueError:
            answer = None
        ok = 200
        if status == ok and isinstance(answer, dict):
            return answer
        if status == _UNPROCESSABLE and isinstance(answer, dict):
            raise BatchRefused(
                f"probe {self._app} refused a batch ({answer.get('error')})",
                "correct the call or the budget that it came from",
                ExitCode.USAGE,
            )
        self._pod = None
        said = answer.get("message", "") if isinstance(answer, dict) else text.strip()
        raise self._unreachable(f"status {status}: {' '.join(str(said).split())[:300]}")

    def _post(self, pod: str, document: Mapping[str, Any], seconds: float) -> tuple[int, str]:
        request = self._client.param_serialize(
            "POST",
            f"/api/v1/namespaces/{self._namespace}/pods/{pod}:{CONTROL_PORT}/proxy/send",
            header_params={"Content-Type": "application/json", "Accept": "application/json"},
            body=dict(document),
            auth_settings=["BearerToken"],
        )
        try:
            response = self._client.call_api(*request, _request_timeout=(_CONNECT, seconds))
            return response.status, response.read().decode("utf-8", "replace")
        except (ApiException, HTTPError) as error:
            raise self._unreachable(_words(error)) from error

    def _find(self) -> str:
        try:
            pods: Any = CoreV1Api(self._client).list_namespaced_pod(
                self._namespace, label_selector=f"app={self._app}", _request_timeout=_CONNECT
            )
        except (ApiException, HTTPError) as error:
            raise self._unreachable(_words(error)) from error
        ready = sorted(str(pod.metadata.name) for pod in pods.items if _is_ready(pod))
        if not ready:
            raise self._unreachable(f"none of its {len(pods.items)} pods is ready")
        return ready[0]

    def _unreachable(self, why: str) -> ProbeUnreachable:
        return ProbeUnreachable(
            f"probe {self._app} in namespace {self._namespace} gave no answer through the API server ({why})",
            f"look at it with `kubectl -n {self._namespace} describe pods -l app={self._app}`",
        )


def _words(error: ApiException | HTTPError) -> str:
    if isinstance(error, ApiException) and error.status:
        return f"status {error.status}: {error.reason}"
    return " ".join(str(error).split())[:300]


def _is_ready(pod: Any) -> bool:
    if pod.metadata.deletion_timestamp is not None:
        return False
    conditions = (pod.status and pod.status.conditions) or ()
    return any(condition.type == "Ready" and condition.status == "True" for condition in conditions)


def _reply(document: Mapping[str, Any]) -> Reply:
    failure = document["failure"]
    return Reply(
        status=document["status"],
        headers=document["headers"],
        body=document["body"],
        seconds=document["seconds"],
        failure=failure and Failure(FailureKind(failure["kind"]), failure["detail"]),
    )


class Probe:
    """A test agent inside the mesh, and the calls that it can make.

    Args:
        name: of the probe, as calls name their source.
        transport: reaches it.
        budgets: of which the calls take their timeout.
    """

    def __init__(self, name: str, transport: Transport, budgets: Budgets | None = None) -> None:
        self.name = name
        self._transport = transport
        self._timeout = (budgets or Budgets()).call_timeout

    def get(self, url: str, headers: Mapping[str, str] | None = None) -> Call:
        """Return a GET from this probe."""
        return self.call("GET", url, headers)

    def post(self, url: str, body: str, headers: Mapping[str, str] | None = None) -> Call:
        """Return a POST from this probe."""
        return self.call("POST", url, headers, body)

    def call(self, method: str, url: str, headers: Mapping[str, str] | None = None, body: str = "") -> Call:
        """Return a call from this probe; nothing is sent yet."""
        return Call(self.name, method, url, pairs(headers), body, self._timeout, self)

    def send(self, call: Call, batch: Batch) -> Answer:
        """Have the probe send a batch.

        Raises:
            ProbeUnreachable: it gave no answer, or one that is no list of replies.
            BatchRefused: it will not run the batch.
        """
        answer = self._transport.send(
            {
                "protocol": "http",
                "method": call.method,
                "url": call.url,
                "headers": dict(call.headers),
                "body": call.body,
                "timeout": call.timeout,
                "count": batch.count,
                "concurrency": batch.concurrency,
                "deadline": batch.deadline,
                "new_connections": batch.new_connections,
                "body_limit": batch.body_limit,
            },
            batch.deadline + _GRACE,
        )
        try:
            return Answer(tuple(_reply(reply) for reply in answer["replies"]), bool(answer["partial"]))
        except (KeyError, TypeError, ValueError) as error:
            raise ProbeUnreachable(
                f"probe {self.name} gave an answer that is no list of replies ({error!r})",
                "deploy the probe of this version of meshproof",
            ) from error
