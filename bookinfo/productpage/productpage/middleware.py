"""What happens to every request, whichever page it asks for and however it ends."""

import logging
import time

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from productpage.json_log import FIELDS
from productpage.settings import ServedBy

logger = logging.getLogger(__name__)


class SignReplies:
    """Signs every reply; wraps the whole application, so that its error replies are signed too."""

    def __init__(self, app: ASGIApp, served_by: ServedBy) -> None:
        self._app = app
        self._signature = served_by.as_headers()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles one ASGI connection."""

        async def signed(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(self._signature)
            await send(message)

        await self._app(scope, receive, signed)


class LogRequests:
    """Logs one line for each request but the kubelet's probes, which would drown the rest."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles one ASGI connection."""
        if scope["type"] != "http" or scope["path"] == "/health":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        status: int | None = None

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, watched)
        finally:
            headers = Headers(scope=scope)
            fields = {
                "method": scope["method"],
                "path": scope["path"],
                "status": status,
                "seconds": round(time.perf_counter() - started, 6),
                "request_id": headers.get("x-request-id"),
                "end_user": scope.get("state", {}).get("reader"),
            }
            logger.info("request", extra={FIELDS: fields})
