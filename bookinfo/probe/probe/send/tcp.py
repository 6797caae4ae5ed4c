"""Sends calls over TCP and TLS: one line out, one line back."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from probe.batch import Batch
from probe.failures import BEFORE_THE_REPLY, WITHIN_THE_REPLY, CallFailedError, Failure
from probe.reply import Encoded, Reply, encode_reply
from probe.send.call import LONGEST_MESSAGE, Send, one_call
from probe.send.connect import Connector
from probe.send.idle import Idle
from probe.tls_client import describe_tls


class Wire(asyncio.StreamReaderProtocol):
    """One connection, read line by line."""

    transport: asyncio.Transport

    def __init__(self) -> None:
        self.reader = asyncio.StreamReader(limit=LONGEST_MESSAGE)
        super().__init__(self.reader)
        self.greeted = False
        self._lost = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Note the way out."""
        super().connection_made(transport)
        self.transport = transport  # type: ignore[assignment]
        self.tls = describe_tls(transport.get_extra_info("ssl_object"))

    def connection_lost(self, exc: Exception | None) -> None:
        """Note the end."""
        super().connection_lost(exc)
        self._lost.set()

    def alive(self) -> bool:
        """Return whether the peer has neither closed nor broken the connection."""
        return not (self.reader.at_eof() or self.reader.exception() or self.transport.is_closing())

    def drop(self) -> None:
        """End the connection at once."""
        self.transport.abort()

    async def close(self) -> None:
        """End the connection in good order: in TLS, a goodbye is said and waited for."""
        self.transport.close()
        await self._lost.wait()

    def write(self, line: bytes) -> None:
        """Send a line."""
        self.transport.write(line)

    async def line(self, reply: Reply) -> bytes:
        """Return the next line, without its end; into the reply goes what came of it if no more comes."""
        try:
            return (await self.reader.readuntil())[:-1]
        except asyncio.IncompleteReadError as error:
            reply.body = error.partial
            raise CallFailedError(WITHIN_THE_REPLY if error.partial else BEFORE_THE_REPLY) from error
        except asyncio.LimitOverrunError as error:
            raise CallFailedError(
                Failure("other", f"no end of line within {LONGEST_MESSAGE} bytes")
            ) from error


def request_line(batch: Batch) -> bytes:
    """Return what a call sends: the URL's query as instructions, if there is one, then the body."""
    query = batch.url.raw_query_string.encode()
    if query or batch.body.startswith(b"?"):
        return b"?" + query + b" " + batch.body + b"\n"
    return batch.body + b"\n"


def _is_greeting(line: bytes) -> bool:
    if b'"greeting"' not in line:
        return False
    try:
        document = json.loads(line)
    except ValueError:
        return False
    return isinstance(document, dict) and document.get("greeting") is True


@asynccontextmanager
async def tcp_sender(batch: Batch) -> AsyncIterator[Send]:
    """Send calls over tcp:// or tls://.

    With `server_first` nothing is sent before the peer's greeting has come. A greeting is never the reply.
    """
    connector = Connector(batch)
    wires = Idle(lambda: connector.open(Wire), each_new=batch.new_connections)
    request = request_line(batch)

    async def send() -> Encoded:
        reply = Reply()
        async with one_call(batch, reply), wires.line() as wire:
            reply.tls = wire.tls
            if batch.server_first and not wire.greeted:
                await wire.line(reply)
                wire.greeted = True
            wire.write(request)
            line = await wire.line(reply)
            if not wire.greeted and _is_greeting(line):
                line = await wire.line(reply)
            wire.greeted = True
            reply.take_served_by(line)
            reply.body = line
        reply.body = reply.body[: batch.body_limit]
        return encode_reply(reply, batch.keep_headers)

    try:
        yield send
    finally:
        await wires.close()
