"""The HTTP/1.1 side that others call: any path is answered with what was seen."""

import asyncio
import json

from aiohttp import web

from probe.identity import Identity

LONGEST_DELAY = 60.0
"""Seconds; a longer `delay` is refused, so that no call holds a connection for ever."""

KEEP_ALIVE = 3630.0
"""Seconds that an idle connection is kept: longer than the hour for which Envoy keeps one, because the
side that closes first must not be the server, or a request that crosses the close is lost."""


class BadInstructionError(ValueError):
    """A query parameter that the probe obeys has a value that it cannot obey."""


def _delay(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= LONGEST_DELAY:
        raise BadInstructionError(f"delay: must be 0..{LONGEST_DELAY:g} seconds")
    return seconds


def _status(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 200 <= int(text) <= 599):  # noqa: PLR2004 - final statuses of HTTP
        raise BadInstructionError("status: must be 200..599")
    return int(text)


def _peer(request: web.BaseRequest) -> str:
    name = request.transport.get_extra_info("peername") if request.transport else None
    if not name:
        return ""
    host, port = name[0].removeprefix("::ffff:"), name[1]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


class Echo:
    """Answers any call with JSON of what it saw.

    Query parameters that it obeys: `delay` (seconds before the answer) and `status` (the answer's status).
    """

    def __init__(self, identity: Identity) -> None:
        self._headers = identity.headers()
        self._served_by = {
            "pod": identity.pod,
            "workload": identity.workload,
            "version": identity.version,
        }

    async def answer(self, request: web.BaseRequest) -> web.Response:
        """Answer one call.

        The path is given as it came over the wire, undecoded: whether a proxy normalised it must show.
        """
        try:
            delay = _delay(request.query.get("delay", "0"))
            status = _status(request.query.get("status", "200"))
        except BadInstructionError as error:
            return self._reply(400, {"error": str(error)})
        headers: dict[str, str] = {}
        for name, value in request.headers.items():
            key = name.lower()
            headers[key] = f"{headers[key]}, {value}" if key in headers else value
        body = (await request.read()).decode("utf-8", "replace") if request.can_read_body else ""
        path, _, query = request.raw_path.partition("?")
        if delay:
            await asyncio.sleep(delay)
        return self._reply(
            status,
            {
                "served_by": self._served_by,
                "method": request.method,
                "path": path,
                "query": query,
                "headers": headers,
                "body": body,
                "peer": _peer(request),
            },
        )

    def _reply(self, status: int, document: dict[str, object]) -> web.Response:
        return web.Response(
            status=status,
            body=json.dumps(document).encode(),
            content_type="application/json",
            headers=self._headers,
        )


def echo_runner(identity: Identity) -> web.ServerRunner:
    """Return the HTTP server's runner, not yet set up; it has no router, because every path is right."""
    server = web.Server(Echo(identity).answer, access_log=None, keepalive_timeout=KEEP_ALIVE)
    return web.ServerRunner(server, shutdown_timeout=5.0)
