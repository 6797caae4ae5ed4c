"""The web server: how long it keeps idle connections, and how it ends."""

import asyncio
import logging
import signal
import socket
from contextlib import suppress
from types import FrameType

import uvicorn
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from productpage.settings import Settings

KEEP_ALIVE_SECONDS = 3630
"""Idle connections stay open for longer than the hour after which a sidecar's Envoy gives one up.

A server that closes first fails the request that crosses the close on its way.
"""

GRACE_SECONDS = 8
"""After SIGTERM, requests in flight may take this long: the page's slowest takes 6 s."""


class InFlight:
    """Counts the requests that are being answered, and can wait until there are none."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._count = 0
        self._fewer = asyncio.Event()
        self._draining = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles one ASGI connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def leaving(message: Message) -> None:
            if self._draining and message["type"] == "http.response.start":
                MutableHeaders(scope=message)["connection"] = "close"
            await send(message)

        self._count += 1
        try:
            await self._app(scope, receive, leaving)
        finally:
            self._count -= 1
            self._fewer.set()

    async def drain(self, seconds: float) -> None:
        """Asks callers to leave with each reply, and waits until nothing is in flight or the time is over."""
        self._draining = True
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self._count:
                    self._fewer.clear()
                    await self._fewer.wait()


class Server(uvicorn.Server):
    """Ends in two steps: what is in flight, with open connections still answered; then the connections.

    uvicorn alone closes idle connections at once, and fails a request that is just arriving on one.
    """

    def __init__(self, config: uvicorn.Config, in_flight: InFlight) -> None:
        super().__init__(config)
        self._in_flight = in_flight

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - a signal handler's shape
        """Starts the end. uvicorn would raise the signal once more afterwards, for a status other than 0."""
        self.force_exit = self.should_exit and sig == signal.SIGINT
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Ends the server; whoever keeps it waiting for longer than the grace is cut off."""
        logging.getLogger(__name__).info("draining")
        await self._in_flight.drain(GRACE_SECONDS)
        await super().shutdown(sockets)


def server(app: ASGIApp, settings: Settings) -> Server:
    """The server of an application, not yet started."""
    in_flight = InFlight(app)
    config = uvicorn.Config(
        in_flight,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        # What is left after the grace has had its time.
        timeout_graceful_shutdown=1,
    )
    return Server(config, in_flight)
