"""WebSocket: every message is answered with what was seen."""

import asyncio
from collections.abc import Mapping
from typing import Any

from aiohttp import WSCloseCode, WSMsgType, web

from probe.instructions import Instructions
from probe.limits import LONGEST_BODY
from probe.serve.echo import IN_FLIGHT, Echo, cut_connection


def wants_websocket(request: web.BaseRequest) -> bool:
    """Tell whether a request is a WebSocket handshake that can be accepted."""
    return "upgrade" in request.headers and web.WebSocketResponse().can_prepare(request).ok


class Conversations:
    """The open WebSockets.

    The query of the handshake tells what happens to the handshake (delay, status, failures, cuts) and to the
    replies: each message is answered by as many messages as `chunks` says, and `after` counts those.
    """

    def __init__(self, echo: Echo) -> None:
        self._echo = echo
        self._idle: set[web.WebSocketResponse] = set()
        self._ending = False

    async def hold(
        self, request: web.BaseRequest, saw: Mapping[str, Any], told: Instructions, attempt: int | None
    ) -> web.WebSocketResponse:
        """Accept the handshake and answer messages until either side ends."""
        offered = [name.strip() for name in request.headers.get("sec-websocket-protocol", "").split(",")]
        # Compression would cost a quarter of a megabyte for each connection.
        websocket = web.WebSocketResponse(protocols=offered, compress=False, max_msg_size=LONGEST_BODY)
        websocket.headers.update(self._echo.headers)
        await websocket.prepare(request)
        saw = {**saw, "protocol": "websocket"}
        while not self._ending:
            self._idle.add(websocket)
            try:
                message = await websocket.receive()
            finally:
                self._idle.discard(websocket)
            if message.type not in {WSMsgType.TEXT, WSMsgType.BINARY}:
                break
            text = message.data if message.type is WSMsgType.TEXT else message.data.decode("utf-8", "replace")
            await self._reply(websocket, {**saw, "body": text}, told, attempt)
            if told.cut and request.transport:
                cut_connection(request.transport, told.cut)
                break
        else:
            await websocket.close(code=WSCloseCode.GOING_AWAY)
        return websocket

    async def _reply(
        self,
        websocket: web.WebSocketResponse,
        saw: Mapping[str, Any],
        told: Instructions,
        attempt: int | None,
    ) -> None:
        for number in range(told.chunks or 1):
            if number == told.after:
                break
            if number and told.interval:
                await asyncio.sleep(told.interval)
            await websocket.send_str(self._echo.document(saw, told, attempt, chunk=number).decode())
        if told.cut:
            await asyncio.sleep(max(told.interval, IN_FLIGHT))

    async def end(self) -> None:
        """Close those that wait for a message; the others are closed when their reply is sent."""
        self._ending = True
        await asyncio.gather(*(one.close(code=WSCloseCode.GOING_AWAY) for one in self._idle))
