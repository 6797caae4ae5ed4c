"""Starts the probe: every protocol on its port, and the control API on CONTROL_PORT (15999)."""

import asyncio
import os
import signal
import sys

import uvloop
from aiohttp import web

from probe.control import control_runner
from probe.identity import Identity
from probe.listen import listening_socket
from probe.seen import Seen
from probe.serve.servers import Ports, serving
from probe.serve.tls import Material


async def serve() -> None:
    """Serve until SIGTERM or SIGINT; then let batches return what they have and answer what came in."""
    identity, seen, stop = Identity.from_environment(), Seen(), asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with serving(identity, seen, Ports.from_environment(), Material.from_environment(identity)):
        control = control_runner(identity, stop, seen)
        try:
            await control.setup()
            port = int(os.environ.get("CONTROL_PORT", "15999"))
            # Last: whoever finds the control port open finds the others open, too.
            await web.SockSite(control, listening_socket(port)).start()
            print(f"{identity.pod} ({identity.workload} {identity.version}) serves", flush=True)  # noqa: T201 - the pod's log
            await stop.wait()
        finally:
            await control.cleanup()


if __name__ == "__main__":
    try:
        uvloop.run(serve())
    except (OSError, ValueError) as error:
        sys.exit(f"the probe cannot start: {error}")
