"""The control side, reached through the API server: health, batches to send, calls that were seen."""

import asyncio
from collections.abc import AsyncIterator

from aiohttp import web
from aiohttp.typedefs import Handler

from probe.batch import parse_batch
from probe.batches import parse_batches
from probe.fields import LONGEST_PEM, BadFieldError
from probe.identity import Identity
from probe.limits import LONGEST_BODY
from probe.seen import Seen, parse_keys
from probe.send.run import encode_answer, encode_answers, run_batch, run_batches


class Control:
    """Serves GET /health, POST /send and /send-each, GET /seen/{key} and POST /seen.

    Args:
        identity: who this probe is.
        stop: set when the probe is to end; batches then return what they have.
        seen: the calls that arrived here.
    """

    def __init__(self, identity: Identity, stop: asyncio.Event, seen: Seen) -> None:
        self._identity = identity
        self._stop = stop
        self._seen = seen

    async def health(self, _request: web.Request) -> web.Response:
        """Answer that the probe is up, and who it is."""
        return web.json_response(
            {
                "pod": self._identity.pod,
                "workload": self._identity.workload,
                "version": self._identity.version,
            }
        )

    async def send(self, request: web.Request) -> web.StreamResponse:
        """Send a batch and answer with its replies."""
        batch = parse_batch(await request.read())
        return await _streamed(request, encode_answer(await run_batch(batch, self._stop)))

    async def send_each(self, request: web.Request) -> web.StreamResponse:
        """Send several batches and answer with the answer to each."""
        batches = parse_batches(await request.read())
        return await _streamed(request, encode_answers(await run_batches(batches, self._stop)))

    async def seen(self, request: web.Request) -> web.Response:
        """Answer how often calls with a key arrived at this pod, and when (Unix seconds)."""
        calls = self._seen.calls(request.match_info["key"])
        return web.json_response({"count": calls.count, "at": list(calls.at)})

    async def seen_all(self, request: web.Request) -> web.Response:
        """Answer how often calls with each of several keys arrived at this pod, in the order of the keys."""
        keys = parse_keys(await request.read())
        return web.json_response({"counts": [self._seen.count(key) for key in keys]})


@web.middleware
async def _refuse(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer a request that has a wrong field, whichever it is, with 422 and that field."""
    try:
        return await handler(request)
    except BadFieldError as error:
        return web.json_response({"error": str(error)}, status=422)


async def _streamed(request: web.Request, pieces: AsyncIterator[bytes]) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    await response.prepare(request)
    async for piece in pieces:
        await response.write(piece)
    await response.write_eof()
    return response


def control_runner(identity: Identity, stop: asyncio.Event, seen: Seen) -> web.AppRunner:
    """Return the control server's runner, not yet set up.

    A batch whose caller has gone is cancelled: nobody reads its replies, and its calls would disturb
    whatever is measured next.
    """
    control = Control(identity, stop, seen)
    # JSON may write one byte of a body as six.
    app = web.Application(
        middlewares=[_refuse], client_max_size=6 * LONGEST_BODY + 4 * LONGEST_PEM + (1 << 20)
    )
    app.add_routes(
        [
            web.get("/health", control.health),
            web.post("/send", control.send),
            web.post("/send-each", control.send_each),
            web.get("/seen/{key:.+}", control.seen),
            web.post("/seen", control.seen_all),
        ]
    )
    return web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=5.0)
