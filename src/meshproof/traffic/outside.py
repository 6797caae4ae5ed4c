"""This machine as a sender: calls reach the mesh through its ingress."""

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from http.client import RemoteDisconnected

import requests
from urllib3.exceptions import IncompleteRead, InvalidChunkLength, NameResolutionError, ReadTimeoutError

from meshproof.traffic.budgets import Budgets
from meshproof.traffic.call import Answer, Batch, Call, only_http, pairs
from meshproof.traffic.reply import Failure, FailureKind, Reply

SOURCE = "outside"


class Outside:
    """Calls from outside the mesh. Their timeout bounds the wait for each part of a reply.

    Args:
        base_url: of the ingress, such as http://127.0.0.1:30080; paths are appended to it.
        host: sent as the host header; None: that of the URL.
        budgets: of which the calls take their timeout.
    """

    def __init__(self, base_url: str, host: str | None = None, budgets: Budgets | None = None) -> None:
        self.base_url = base_url.rstrip("/")
        self._host = host
        self._timeout = (budgets or Budgets()).call_timeout

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> Call:
        """Return a GET of a path through the ingress; a host header of the call's own wins."""
        host = {"host": self._host} if self._host else {}
        url = f"{self.base_url}/{path.lstrip('/')}"
        return Call(SOURCE, "GET", url, pairs({**host, **(headers or {})}), "", self._timeout, self)

    def send(self, call: Call, batch: Batch) -> Answer:
        """Send a batch; what has not begun at its deadline is left out.

        Raises:
            CannotSend: the call is not plain HTTP/1.1, or the batch asks for a rate.
        """
        only_http(call, batch)
        end = time.monotonic() + batch.deadline
        local = threading.local()
        sessions: list[requests.Session] = []

        def one(_number: int) -> Reply | None:
            if time.monotonic() >= end:
                return None
            if batch.new_connections:
                with _session() as session:
                    return _send(session, call, batch)
            if not hasattr(local, "session"):
                local.session = _session()
                sessions.append(local.session)
            return _send(local.session, call, batch)

        try:
            with ThreadPoolExecutor(batch.concurrency) as pool:
                replies = tuple(reply for reply in pool.map(one, range(batch.count)) if reply is not None)
        finally:
            for session in sessions:
                session.close()
        return Answer(replies, partial=len(replies) < batch.count)

    def send_each(
        self, calls: Sequence[Call], batch: Batch, concurrency: int, deadline: float
    ) -> tuple[Answer, ...]:
        """Send different calls, so many at the same time; what has not begun at the deadline is left out.

        Raises:
            CannotSend: a call is not plain HTTP/1.1, or the batch asks for a rate.
        """
        end = time.monotonic() + deadline

        def one(call: Call) -> Answer:
            left = min(batch.deadline, end - time.monotonic())
            return self.send(call, replace(batch, deadline=left))

        with ThreadPoolExecutor(concurrency) as pool:
            return tuple(pool.map(one, calls))


def _kept(headers: dict[str, str], batch: Batch) -> dict[str, str]:
    """Return the headers that a batch wants to keep."""
    if batch.keep_headers is None:
        return headers
    wanted = {name.lower() for name in batch.keep_headers}
    return {name: value for name, value in headers.items() if name in wanted}


def _session() -> requests.Session:
    session = requests.Session()
    # A proxy for the web knows nothing of a gateway on this machine, and its refusal is not the mesh's.
    session.trust_env = False
    session.headers.clear()
    session.headers["User-Agent"] = "meshproof-outside"
    return session


def _send(session: requests.Session, call: Call, batch: Batch) -> Reply:
    status, failure = None, None
    headers: dict[str, str] = {}
    body = bytearray()
    started = time.perf_counter()
    try:
        with session.request(
            call.method,
            call.url,
            headers=dict(call.headers),
            data=call.body.encode() or None,
            timeout=call.timeout,
            allow_redirects=False,
            stream=True,
        ) as response:
            status = response.status_code
            headers = _kept({name.lower(): value for name, value in response.headers.items()}, batch)
            for chunk in response.iter_content(16 << 10):
                body += chunk[: max(batch.body_limit - len(body), 0)]
    except requests.RequestException as error:
        failure = _failure(error, call.timeout)
    seconds = time.perf_counter() - started
    return Reply(status, headers, body.decode("utf-8", "replace"), seconds, failure)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield the error and everything that it wraps: requests and urllib3 keep causes in their arguments."""
    yield error
    inner = (getattr(error, "reason", None), *error.args, error.__context__)
    for cause in inner:
        if isinstance(cause, BaseException) and cause is not error:
            yield from _causes(cause)


_KINDS: tuple[tuple[type[BaseException], FailureKind, str], ...] = (
    (NameResolutionError, FailureKind.DNS, "the name has no address"),
    (ConnectionRefusedError, FailureKind.REFUSED, "connection refused"),
    # To Python, somebody who hangs up is a kind of reset: the clean end is asked for first.
    (RemoteDisconnected, FailureKind.CLOSED, "connection closed before the reply"),
    (ConnectionResetError, FailureKind.RESET, "connection reset by peer"),
    (BrokenPipeError, FailureKind.RESET, "connection reset by peer"),
    (IncompleteRead, FailureKind.CLOSED, "connection closed within the reply"),
    (InvalidChunkLength, FailureKind.CLOSED, "connection closed within the reply"),
)


def _failure(error: requests.RequestException, timeout: float) -> Failure:
    causes = tuple(_causes(error))
    if isinstance(error, requests.Timeout) or any(isinstance(cause, ReadTimeoutError) for cause in causes):
        return Failure(FailureKind.TIMEOUT, f"no answer within {timeout:g} s")
    if isinstance(error, requests.exceptions.SSLError):
        return Failure(FailureKind.TLS, " ".join(str(error).split()))
    for cause, kind, detail in _KINDS:
        if any(isinstance(one, cause) for one in causes):
            return Failure(kind, detail)
    return Failure(FailureKind.OTHER, " ".join(str(error).split()))
