"""Sends calls over WebSocket: one message out, its answer back, on a connection that is kept."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qs

import aiohttp
from aiohttp import ClientHandlerType, ClientRequest, ClientResponse, WSMsgType

from probe.batch import Batch
from probe.failures import BEFORE_THE_REPLY, WITHIN_THE_REPLY, CallFailedError, Failure
from probe.reply import Encoded, Reply, encode_reply, keep
from probe.send.call import LONGEST_MESSAGE, Send, one_call
from probe.send.http import WitnessedResponse, client_session, request_options
from probe.send.idle import Idle

SWITCHING = 101
LOSING = 0.5
"""Seconds at most from the end of a connection to the word of what ended it."""


class Socket:
    """One WebSocket, or what came in place of one: `response` is the answer to the handshake."""

    def __init__(self, batch: Batch) -> None:
        self._batch = batch
        self._session = client_session(batch, self._witness)
        self._messages: aiohttp.ClientWebSocketResponse | None = None
        self._lost: Any = None
        self.response: WitnessedResponse | None = None
        self.refusal = b""

    async def _witness(self, request: ClientRequest, send: ClientHandlerType) -> ClientResponse:
        response = await send(request)
        if response.status != SWITCHING:
            # The client throws away what it was told in place of a WebSocket.
            self.refusal = await response.content.read(self._batch.body_limit)
        if isinstance(response, WitnessedResponse):
            self.response = response
        return response

    async def open(self) -> None:
        """Shake hands; a refusal is no error, it is the reply."""
        try:
            self._messages = await self._session.ws_connect(
                self._batch.url,
                timeout=aiohttp.ClientWSTimeout(ws_close=None),  # bounded by who closes
                autoping=True,
                max_msg_size=LONGEST_MESSAGE,
                **request_options(self._batch),
            )
        except aiohttp.WSServerHandshakeError as error:
            if self.response is None or self.response.status == SWITCHING:
                raise CallFailedError(Failure("other", f"no WebSocket handshake: {error.message}")) from error

            return
        if self.response is not None and (lost := self.response.protocol.closed) is not None:
            lost.add_done_callback(lambda future: future.cancelled() or future.exception())
            self._lost = lost

    def alive(self) -> bool:
        """Return whether a message can be sent; a peer may also have ended without a goodbye."""
        ended = self._lost is None or self._lost.done()
        return self._messages is not None and not self._messages.closed and not ended

    async def ask(self, text: str, answers: int, reply: Reply) -> None:
        """Send a message and take its answers, as lines, into the reply's body."""
        if self._messages is None:
            reply.body = self.refusal
            return
        try:
            await self._messages.send_str(text)
        except aiohttp.ClientConnectionResetError as error:
            # So the client calls any end of the connection that it meets in sending.
            raise await self._cut_in_sending() from error
        body = bytearray()
        reply.body = body
        take = keep(body, self._batch.body_limit)
        for number in range(answers):
            message = await self._messages.receive()
            if message.type not in {WSMsgType.TEXT, WSMsgType.BINARY}:
                raise self._ended(message, within=number > 0)
            data = message.data.encode() if isinstance(message.data, str) else message.data
            take(data if number == 0 else b"\n" + data)

    def _ended(self, message: aiohttp.WSMessage, *, within: bool) -> Exception:
        if message.type is WSMsgType.CLOSE:
            said = f"close code {message.data}" + (f": {message.extra}" if message.extra else "")
            return CallFailedError(Failure("closed", f"closed by the peer with {said}"))
        if message.type is WSMsgType.ERROR and isinstance(message.data, Exception):
            return message.data
        return self._cut(within=within)

    async def _cut_in_sending(self) -> Exception:
        if self._lost is not None:
            await asyncio.wait((self._lost,), timeout=LOSING)
        return self._cut(within=False)

    def _cut(self, *, within: bool) -> Exception:
        """Return what ended the connection, which the client keeps to itself."""
        lost = self._lost.exception() if self._lost is not None and self._lost.done() else None
        if lost is not None and isinstance(lost.__cause__, Exception):
            return lost.__cause__
        return CallFailedError(WITHIN_THE_REPLY if within else BEFORE_THE_REPLY)

    def drop(self) -> None:
        """End the connection at once."""
        if self.response is not None:
            self.response.close()
        self._session.detach()

    async def close(self) -> None:
        """End the connection in good order."""
        if self._messages is not None:
            await self._messages.close()
        await self._session.close()


@asynccontextmanager
async def websocket_sender(batch: Batch) -> AsyncIterator[Send]:
    """Send calls over ws:// or wss://.

    As many messages are awaited as the instruction `chunks` asks for, one without it.
    """

    async def open_socket() -> Socket:
        socket = Socket(batch)
        try:
            await socket.open()
        except BaseException:
            socket.drop()
            raise
        return socket

    sockets = Idle(open_socket, each_new=batch.new_connections)
    chunks = parse_qs(batch.url.raw_query_string).get("chunks", ["1"])[-1]
    answers = max(1, int(chunks)) if chunks.isascii() and chunks.isdigit() else 1
    text = batch.body.decode()

    async def send() -> Encoded:
        reply = Reply()
        async with one_call(batch, reply), sockets.line() as socket:
            response = socket.response
            if response is not None:
                reply.status, reply.tls = response.status, response.tls
                reply.take_headers(response.headers.items())
            await socket.ask(text, answers, reply)
        return encode_reply(reply, batch.keep_headers)

    try:
        yield send
    finally:
        await sockets.close()
