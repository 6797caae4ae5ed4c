"""Calls to details, reviews and ratings. A service that fails costs its part of the page, never the page."""

import asyncio
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any

import httpx2

from productpage.json_log import FIELDS
from productpage.settings import ServedBy, Upstream

logger = logging.getLogger(__name__)

TRACE_HEADERS = (
    "x-request-id",
    "traceparent",
    "tracestate",
    "b3",
    "x-b3-traceid",
    "x-b3-spanid",
    "x-b3-parentspanid",
    "x-b3-sampled",
    "x-b3-flags",
)
"""Headers that a call carries on, so that the spans of one page join to one trace."""


@dataclass(frozen=True)
class Answer:
    """What one service contributed.

    Args:
        service: its name.
        status: HTTP status, None when there was no reply.
        data: the JSON object of a 200; None otherwise.
        problem: why there is no data, to be read after the name of the service; empty when there is.
        served_by: who replied.
        seconds: how long all attempts took.
    """

    service: str
    status: int | None
    data: dict[str, Any] | None
    problem: str
    served_by: ServedBy
    seconds: float


def new_client() -> httpx2.AsyncClient:
    """The one client of this process."""
    return httpx2.AsyncClient(
        # A cookie that one reader's call brought back must not travel with another's.
        cookies=CookieJar(policy=DefaultCookiePolicy(allowed_domains=[])),
        # The node's HTTP_PROXY is not meant for calls inside the cluster.
        trust_env=False,
        # ask() bounds a whole attempt; httpx2 only bounds its single reads and writes.
        timeout=None,
    )


async def ask(
    client: httpx2.AsyncClient, upstream: Upstream, path: str, headers: Mapping[str, str]
) -> Answer:
    """Asks a service for a JSON object, as often and as long as its settings allow.

    Never raises for a failure of the service: the answer says what went wrong.
    """
    started = time.perf_counter()
    for attempt in range(1, upstream.attempts + 1):
        answer = await _attempt(client, upstream, path, headers, started)
        if answer.data is not None or answer.status == HTTPStatus.NOT_FOUND:
            break
        fields = {
            "upstream": upstream.name,
            "attempt": attempt,
            "problem": answer.problem,
            "request_id": headers.get("x-request-id"),
        }
        logger.warning("upstream failed", extra={FIELDS: fields})
    return answer


async def _attempt(
    client: httpx2.AsyncClient, upstream: Upstream, path: str, headers: Mapping[str, str], started: float
) -> Answer:
    status: int | None = None
    data: dict[str, Any] | None = None
    served_by = ServedBy("", "", "")
    problem = ""
    try:
        async with asyncio.timeout(upstream.timeout):
            reply = await _get(client, upstream.url + path, dict(headers))
        status = reply.status_code
        served_by = ServedBy.from_headers(reply.headers)
        data, problem = _read(reply)
    except TimeoutError:
        problem = f"gave no answer within {upstream.timeout:g} s"
    except httpx2.RequestError as error:
        logger.info("no reply", extra={FIELDS: {"upstream": upstream.name, "error": repr(error)}})
        problem = "could not be reached"
    seconds = time.perf_counter() - started
    return Answer(upstream.name, status, data, problem, served_by, seconds)


async def _get(client: httpx2.AsyncClient, url: str, headers: dict[str, str]) -> httpx2.Response:
    """Asks once more when the other side ended the connection instead of replying.

    Most likely that was a kept connection, and its pod is being replaced; asking twice does no harm.
    """
    try:
        return await client.get(url, headers=headers)
    except (httpx2.RemoteProtocolError, httpx2.ReadError, httpx2.WriteError):
        return await client.get(url, headers=headers)


def _read(reply: httpx2.Response) -> tuple[dict[str, Any] | None, str]:
    try:
        data = reply.json()
    except ValueError:
        data = None
    if not isinstance(data, dict):
        data = None
    if reply.status_code != HTTPStatus.OK:
        return None, _refusal(reply, (data or {}).get("error"))
    return (data, "") if data is not None else (None, "answered with something that is not its JSON")


def _refusal(reply: httpx2.Response, reason: object) -> str:
    """What the service answered and, when it gave one, its own reason."""
    answered = f"answered {reply.status_code} {reply.reason_phrase}".rstrip()
    return f"{answered}: {reason}" if isinstance(reason, str) and reason else answered
