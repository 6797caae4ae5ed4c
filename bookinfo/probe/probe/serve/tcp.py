"""TCP, plain or in TLS: each line is a call, and is answered with a line."""

import asyncio
from collections.abc import Awaitable
from typing import Any

from probe.instructions import TCP, BadInstructionError, Instructions
from probe.limits import LONGEST_BODY
from probe.serve.echo import IN_FLIGHT, Echo, connection_facts, cut_connection

LONGEST_LINE = LONGEST_BODY + (16 << 10)
"""Bytes: a body, and instructions before it."""

PLAIN = Instructions()


class Lines:
    """Answers lines. One that begins with `?` is instructions, a space and the body; any other is all body.

    Args:
        echo: answers.
        first: whether the server speaks first, with a line of its own, as the servers of mail and of some
            databases do.
    """

    def __init__(self, echo: Echo, *, first: bool = False) -> None:
        self._echo = echo
        self._first = first
        self._idle: set[asyncio.StreamWriter] = set()
        self._open: set[asyncio.Task[None]] = set()
        self._ending = False

    def __call__(self) -> asyncio.Protocol:
        """Return the protocol of a new connection."""
        return asyncio.StreamReaderProtocol(asyncio.StreamReader(limit=LONGEST_LINE), self._serve)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection's lines until it ends."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - only ever called as a task
        self._open.add(task)
        try:
            await self._talk(reader, writer)
        except (OSError, EOFError):
            # The caller has gone; ssl.SSLError is an OSError, too.
            pass
        finally:
            self._open.discard(task)
            writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        saw: dict[str, Any] = {
            "protocol": "tcp",
            "method": None,
            "path": None,
            "query": "",
            "headers": {},
            "body": "",
            **connection_facts(writer.transport),
        }
        if self._first:
            writer.write(self._echo.document(saw, PLAIN, None, greeting=True) + b"\n")
            await writer.drain()
        while not self._ending:
            try:
                line = await self._waiting(writer, reader.readuntil())
            except asyncio.IncompleteReadError as error:
                # Whoever ends without a line's end has said something all the same.
                if not error.partial:
                    return
                line = error.partial
            except asyncio.LimitOverrunError:
                text = self._echo.refusal(f"line: must be at most {LONGEST_LINE} bytes")
                writer.write(text + b"\n")
                await writer.drain()
                return
            if not await self._answer(line.removesuffix(b"\n").removesuffix(b"\r"), saw, writer):
                return

    async def _waiting(self, writer: asyncio.StreamWriter, line: Awaitable[bytes]) -> bytes:
        self._idle.add(writer)
        try:
            return await line
        finally:
            self._idle.discard(writer)

    async def _answer(self, line: bytes, saw: dict[str, Any], writer: asyncio.StreamWriter) -> bool:
        """Answer a line; return whether the connection goes on."""
        text = line.decode("utf-8", "replace")
        query, _, body = text[1:].partition(" ") if text.startswith("?") else ("", "", text)
        try:
            told, attempt = self._echo.take(query, TCP)
        except BadInstructionError as error:
            writer.write(self._echo.refusal(error) + b"\n")
            await writer.drain()
            return True
        if told.delay:
            await asyncio.sleep(told.delay)
        if not told.cut or told.after is not None:
            document = self._echo.document({**saw, "query": query, "body": body}, told, attempt) + b"\n"
            for number, piece in enumerate(told.pieces(document)):
                if number == told.after:
                    break
                if number and told.interval:
                    await asyncio.sleep(told.interval)
                writer.write(piece)
                await writer.drain()
        if told.cut:
            if told.after is not None:
                await asyncio.sleep(max(told.interval, IN_FLIGHT))
            cut_connection(writer.transport, told.cut)
        return told.cut is None

    async def end(self, patience: float) -> None:
        """Close what waits for a line; let the other lines be answered, at most so many seconds."""
        self._ending = True
        for writer in self._idle:
            writer.close()
        if self._open:
            _, late = await asyncio.wait(self._open, timeout=patience)
            for task in late:
                task.cancel()
