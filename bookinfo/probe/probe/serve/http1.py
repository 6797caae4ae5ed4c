"""HTTP/1.1, and WebSocket by its upgrade: any path is answered with what was seen."""

import asyncio
from typing import Any

from aiohttp import web

from probe.headers import joined
from probe.instructions import HTTP, BadInstructionError, Instructions
from probe.limits import LONGEST_BODY
from probe.serve.echo import IN_FLIGHT, Echo, connection_facts, cut_connection
from probe.serve.websocket import Conversations, wants_websocket

KEEP_ALIVE = 3630.0
"""Seconds that an idle connection is kept: longer than the hour for which Envoy keeps one, because the
side that closes first must not be the server, or a request that crosses the close is lost."""


class Http1:
    """Answers any HTTP/1.1 call with JSON of what it saw, or as its query tells."""

    def __init__(self, echo: Echo, conversations: Conversations) -> None:
        self._echo = echo
        self._conversations = conversations

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one call.

        The path is given as it came over the wire, undecoded: whether a proxy normalised it must show.
        """
        path, _, query = request.raw_path.partition("?")
        try:
            body = (await request.read()).decode("utf-8", "replace") if request.can_read_body else ""
        except web.HTTPRequestEntityTooLarge:
            return self._reply(413, self._echo.refusal(f"body: must be at most {LONGEST_BODY} bytes"))
        try:
            told, attempt = self._echo.take(query, HTTP)
        except BadInstructionError as error:
            return self._reply(400, self._echo.refusal(error))
        saw = {
            "protocol": "http",
            "method": request.method,
            "path": path,
            "query": query,
            "headers": joined(request.headers.items()),
            "body": body,
            **connection_facts(request.transport),
        }
        if told.delay:
            await asyncio.sleep(told.delay)
        if told.cut and told.after is None:
            self._cut(request, told)
            # It goes nowhere: the connection has ended.
            return self._reply(503, b"")
        if told.status is None and wants_websocket(request):
            return await self._conversations.hold(request, saw, told, attempt)
        document = self._echo.document(saw, told, attempt)
        if told.streamed:
            return await self._stream(request, told, document)
        return self._reply(told.status or 200, document)

    def _reply(self, status: int, document: bytes) -> web.Response:
        return web.Response(
            status=status, body=document, content_type="application/json", headers=self._echo.headers
        )

    async def _stream(
        self, request: web.BaseRequest, told: Instructions, document: bytes
    ) -> web.StreamResponse:
        response = web.StreamResponse(status=told.status or 200, headers=self._echo.headers)
        response.content_type = "application/json"
        await response.prepare(request)
        for number, piece in enumerate(told.pieces(document)):
            if number == told.after:
                break
            if number and told.interval:
                await asyncio.sleep(told.interval)
            await response.write(piece)
        if told.cut:
            await asyncio.sleep(max(told.interval, IN_FLIGHT))
            self._cut(request, told)
        return response

    @staticmethod
    def _cut(request: web.BaseRequest, told: Instructions) -> None:
        if request.transport and told.cut:
            cut_connection(request.transport, told.cut)


def _request(
    message: Any, payload: Any, protocol: Any, writer: Any, task: "asyncio.Task[None]"
) -> web.BaseRequest:
    # One limit of a call's body for every protocol.
    return web.BaseRequest(
        message, payload, protocol, writer, task, asyncio.get_running_loop(), client_max_size=LONGEST_BODY
    )


def http1_server(echo: Echo, conversations: Conversations) -> web.Server:
    """Return the HTTP/1.1 server: a factory of protocols, without a router, because every path is right."""
    return web.Server(
        Http1(echo, conversations).answer,
        request_factory=_request,
        access_log=None,
        keepalive_timeout=KEEP_ALIVE,
    )
