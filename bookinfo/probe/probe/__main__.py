"""Starts the probe: the echo on HTTP_PORT (8080), the control API on CONTROL_PORT (15999)."""

import asyncio
import os
import signal

import uvloop
from aiohttp import web

from probe.control import control_runner
from probe.echo import echo_runner
from probe.identity import Identity
from probe.listen import listening_socket


async def serve() -> None:
    """Serve until SIGTERM or SIGINT; then let batches return what they have and answer what came in."""
    identity = Identity.from_environment()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    echo, control = echo_runner(identity), control_runner(identity, stop)
    try:
        for runner, port in (
            (echo, int(os.environ.get("HTTP_PORT", "8080"))),
            (control, int(os.environ.get("CONTROL_PORT", "15999"))),
        ):
            await runner.setup()
            await web.SockSite(runner, listening_socket(port)).start()
        print(f"{identity.pod} ({identity.workload} {identity.version}) serves", flush=True)  # noqa: T201 - the pod's log
        await stop.wait()
    finally:
        await control.cleanup()
        await echo.cleanup()


if __name__ == "__main__":
    uvloop.run(serve())
