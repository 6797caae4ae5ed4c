"""The probe as a sender: batches go to its control port through the API server."""

import json
import typing
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, TypedDict, Unpack
from urllib.parse import quote

# Its classes are loaded when they are first named: CoreV1Api takes over half a second.
from kubernetes import client
from kubernetes.client import ApiClient, ApiException
from urllib3.exceptions import HTTPError

from meshproof.errors import ExitCode, MeshproofError
from meshproof.traffic.budgets import Budgets
from meshproof.traffic.call import Answer, Batch, Call, pairs
from meshproof.traffic.protocol import Protocol, Tls
from meshproof.traffic.wire import document_of, reply_of

CONTROL_PORT = 15999

WORKLOAD_LABEL = "meshproof.dev/workload"
"""Label of a probe's pods: several probes may share an app, and so a Service."""

_GRACE = 15.0
"""Seconds that an answer may take beyond the batch's deadline, to be written and carried."""

_CONNECT = 10.0

_OK, _NOT_FOUND, _UNPROCESSABLE = 200, 404, 422


class ProbeUnreachable(MeshproofError):
    """A probe gave no answer of its own: the environment is broken, the mesh is not judged."""


class BatchRefused(MeshproofError):
    """A probe says that a batch cannot be run; its message names the field."""


class Transport(typing.Protocol):
    """Carries a batch to a probe and its answer back, and asks it what it saw."""

    def send(self, document: Mapping[str, Any], seconds: float) -> Mapping[str, Any]:
        """Carry it.

        Args:
            document: the batch as the probe reads it.
            seconds: how long the answer may take.

        Raises:
            ProbeUnreachable: no answer came.
            BatchRefused: the probe will not run it.
        """

    def send_each(self, document: Mapping[str, Any], seconds: float) -> Mapping[str, Any]:
        """Carry several batches at once, as `send` does one."""

    def seen(self, key: str) -> int:
        """Return how many calls with this key have arrived.

        Raises:
            ProbeUnreachable: no answer came.
        """

    def seen_all(self, keys: Sequence[str]) -> tuple[int, ...]:
        """Return how many calls with each of these keys have arrived, in their order.

        Raises:
            ProbeUnreachable: no answer came.
        """


class PodProxy:
    """Reaches the ready pods of a probe through the API server's pod proxy.

    Args:
        client: kubernetes' client, with the address and credentials of the cluster.
        namespace: where the probe runs.
        workload: its name, which its pods bear as a label.
    """

    def __init__(self, client: ApiClient, namespace: str, workload: str) -> None:
        # Any: parts of the client that batches need carry no types.
        self._client: Any = client
        self._namespace = namespace
        self._workload = workload
        self._pod: str | None = None

    def send(self, document: Mapping[str, Any], seconds: float) -> Mapping[str, Any]:
        """Carry a batch to the probe's pod; a pod that has gone is looked up again."""
        return self._carry("send", document, seconds)

    def send_each(self, document: Mapping[str, Any], seconds: float) -> Mapping[str, Any]:
        """Carry several batches to the probe's pod in one request."""
        return self._carry("send-each", document, seconds)

    def _carry(self, path: str, document: Mapping[str, Any], seconds: float) -> Mapping[str, Any]:
        known = self._pod
        pod = known or self._ready()[0]
        status, text = self._ask("POST", pod, path, seconds, document)
        if status == _NOT_FOUND and known:
            # The API server knows no such pod, so the batch did not reach anybody.
            pod = self._ready()[0]
            status, text = self._ask("POST", pod, path, seconds, document)
        answer = _parsed(text)
        if status == _OK and answer is not None:
            self._pod = pod
            return answer
        if status == _UNPROCESSABLE and answer is not None:
            raise BatchRefused(
                f"probe {self._workload} refused a batch ({answer.get('error')})",
                "correct the call or the budget that it came from",
                ExitCode.USAGE,
            )
        self._pod = None
        raise self._no_answer(status, text)

    def seen(self, key: str) -> int:
        """Return how many calls with this key have arrived at all ready pods of the probe together."""
        return sum(self._seen(pod, key) for pod in self._ready())

    def seen_all(self, keys: Sequence[str]) -> tuple[int, ...]:
        """Return how many calls with each key have arrived at all ready pods: one request to each of them."""
        counts = [self._seen_all(pod, keys) for pod in self._ready()]
        return tuple(sum(of_pods) for of_pods in zip(*counts, strict=True))

    def _seen(self, pod: str, key: str) -> int:
        status, text = self._ask("GET", pod, f"seen/{quote(key, safe='')}", _CONNECT)
        answer = _parsed(text) or {}
        if status != _OK or not isinstance(answer.get("count"), int):
            raise self._no_answer(status, text)
        return int(answer["count"])

    def _seen_all(self, pod: str, keys: Sequence[str]) -> list[int]:
        status, text = self._ask("POST", pod, "seen", _CONNECT, {"keys": list(keys)})
        counts = (_parsed(text) or {}).get("counts")
        if not isinstance(counts, list):
            counts = []
        if status != _OK or [type(count) for count in counts] != [int] * len(keys):
            raise self._no_answer(status, text)
        return counts

    def _ask(
        self, method: str, pod: str, path: str, seconds: float, document: Mapping[str, Any] | None = None
    ) -> tuple[int, str]:
        request = self._client.param_serialize(
            method,
            f"/api/v1/namespaces/{self._namespace}/pods/{pod}:{CONTROL_PORT}/proxy/{path}",
            header_params={"Content-Type": "application/json", "Accept": "application/json"},
            body=None if document is None else dict(document),
            auth_settings=["BearerToken"],
        )
        try:
            response = self._client.call_api(*request, _request_timeout=(_CONNECT, seconds))
            return response.status, response.read().decode("utf-8", "replace")
        except (ApiException, HTTPError) as error:
            raise self._unreachable(_words(error)) from error

    def _ready(self) -> list[str]:
        """Return the names of the ready pods; there is at least one."""
        try:
            pods: Any = client.CoreV1Api(self._client).list_namespaced_pod(
                self._namespace,
                label_selector=f"{WORKLOAD_LABEL}={self._workload}",
                _request_timeout=_CONNECT,
            )
        except (ApiException, HTTPError) as error:
            raise self._unreachable(_words(error)) from error
        ready = sorted(str(pod.metadata.name) for pod in pods.items if _is_ready(pod))
        if not ready:
            raise self._unreachable(f"none of its {len(pods.items)} pods is ready")
        return ready

    def _no_answer(self, status: int, text: str) -> ProbeUnreachable:
        said = (_parsed(text) or {}).get("message", text)
        return self._unreachable(f"status {status}: {' '.join(str(said).split())[:300]}")

    def _unreachable(self, why: str) -> ProbeUnreachable:
        return ProbeUnreachable(
            f"probe {self._workload} in namespace {self._namespace} gave no answer through the API server "
            f"({why})",
            f"look at it with `kubectl -n {self._namespace} describe pods "
            f"-l {WORKLOAD_LABEL}={self._workload}`",
        )


def _words(error: ApiException | HTTPError) -> str:
    if isinstance(error, ApiException) and error.status:
        return f"status {error.status}: {error.reason}"
    # Of tries that all failed, the last one's reason; what is around it repeats the address.
    return " ".join(str(getattr(error, "reason", None) or error).split())[:300]


def _is_ready(pod: Any) -> bool:
    if pod.metadata.deletion_timestamp is not None:
        return False
    conditions = (pod.status and pod.status.conditions) or ()
    return any(condition.type == "Ready" and condition.status == "True" for condition in conditions)


def _parsed(text: str) -> dict[str, Any] | None:
    try:
        document = json.loads(text)
    except ValueError:
        return None
    return document if isinstance(document, dict) else None


class Said(TypedDict, total=False):
    """What a call may say besides its address.

    Args:
        headers: by name; metadata in gRPC.
        host: the authority that it names; that of the URL when left out.
        tls: how its TLS is set; as the URL says when left out.
    """

    headers: Mapping[str, str] | None
    host: str | None
    tls: Tls | None


class Spoken(Said, total=False):
    """What a call of HTTP may say.

    Args:
        protocol: HTTP/1.1 when left out, or HTTP/2, or HTTP/3.
    """

    protocol: Protocol


class Probe:
    """A test agent inside the mesh, and the calls that it can make.

    Instructions to the probe that is called (a delay, a status, a reset, ...) go into the query of
    the URL, in every protocol.

    Args:
        name: of the probe, as calls name their source.
        transport: reaches it.
        budgets: of which the calls take their timeout.
    """

    def __init__(self, name: str, transport: Transport, budgets: Budgets | None = None) -> None:
        self.name = name
        self._transport = transport
        self._timeout = (budgets or Budgets()).call_timeout

    def get(self, url: str, **said: Unpack[Spoken]) -> Call:
        """Return a GET from this probe."""
        return self.call("GET", url, **said)

    def post(self, url: str, body: str, **said: Unpack[Spoken]) -> Call:
        """Return a POST from this probe."""
        return self.call("POST", url, body, **said)

    def call(self, method: str, url: str, body: str = "", **said: Unpack[Spoken]) -> Call:
        """Return a call of HTTP from this probe; nothing is sent yet."""
        protocol = said.pop("protocol", Protocol.HTTP)
        return self._call(protocol, url, body, said, method)

    def grpc(self, url: str, body: str = "", **said: Unpack[Said]) -> Call:
        """Return a call of gRPC from this probe, to grpc:// or grpcs://.

        Without a path it is the unary Echo; /meshproof.probe.v1.Probe/Watch, Collect and Chat are streams.
        """
        return self._call(Protocol.GRPC, url, body, said)

    def websocket(self, url: str, body: str = "", **said: Unpack[Said]) -> Call:
        """Return a WebSocket from this probe that sends the body as one message, to ws:// or wss://."""
        return self._call(Protocol.WEBSOCKET, url, body, said)

    def tcp(self, url: str, body: str = "", *, tls: Tls | None = None, server_first: bool = False) -> Call:
        """Return a connection from this probe that sends the body as one line, to tcp:// or tls://.

        With `server_first` it waits until the server has spoken.
        """
        call = self._call(Protocol.TCP, url, body, {"tls": tls})
        return replace(call, server_first=server_first)

    def _call(self, protocol: Protocol, url: str, body: str, said: Said, method: str = "") -> Call:
        return Call(
            self.name,
            method,
            url,
            pairs(said.get("headers")),
            body,
            self._timeout,
            self,
            protocol=protocol,
            host=said.get("host"),
            tls=said.get("tls"),
        )

    def send(self, call: Call, batch: Batch) -> Answer:
        """Have the probe send a batch.

        Raises:
            ProbeUnreachable: it gave no answer, or one that is no list of replies.
            BatchRefused: it will not run the batch.
        """
        answer = self._transport.send(document_of(call, batch), batch.deadline + _GRACE)
        with self._reading():
            return _answer_of(answer)

    def send_each(
        self, calls: Sequence[Call], batch: Batch, concurrency: int, deadline: float
    ) -> tuple[Answer, ...]:
        """Have the probe send different calls; whatever their number, it is one request to the API server.

        Raises:
            ProbeUnreachable: it gave no answer, or one that is no list of an answer to each call.
            BatchRefused: it will not send them.
        """
        document = {
            "batches": [document_of(call, batch) for call in calls],
            "concurrency": concurrency,
            "deadline": deadline,
        }
        answer = self._transport.send_each(document, deadline + _GRACE)
        with self._reading():
            answers = tuple(_answer_of(one) for one in answer["answers"])
            if len(answers) != len(calls):
                raise ValueError(f"{len(answers)} answers to {len(calls)} calls")
            return answers

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """Say what is wrong when an answer cannot be read."""
        try:
            yield
        except (KeyError, TypeError, ValueError) as error:
            raise ProbeUnreachable(
                f"probe {self.name} gave an answer that is no list of replies ({error!r})",
                "deploy the probe of this version of meshproof",
            ) from error

    def seen(self, key: str) -> int:
        """Return how often a call with this key has arrived at this probe, by whichever protocol.

        It counts what came through: a call that a proxy sent three times is three.
        """
        return self._transport.seen(key)

    def seen_all(self, keys: Sequence[str]) -> tuple[int, ...]:
        """Return how often calls with each of these keys have arrived at this probe, in their order."""
        return self._transport.seen_all(keys)


def _answer_of(document: Mapping[str, Any]) -> Answer:
    """Return the answer to a batch as the probe wrote it.

    Raises:
        KeyError, TypeError, ValueError: that is none.
    """
    replies = tuple(reply_of(reply) for reply in document["replies"])
    return Answer(replies, bool(document["partial"]), document["reason"] or "")
