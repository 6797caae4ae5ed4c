"""gRPC: one reply or many, as the request's instructions tell; with reflection and health."""

import asyncio
import base64
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import unquote

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from probe.headers import joined
from probe.instructions import GRPC, GRPC_STREAM, BadInstructionError, Instructions, Medium
from probe.limits import LONGEST_BODY
from probe.serve.echo import Echo, peer_name
from probe.serve.tls import handshake
from probe.wire import probe_pb2, probe_pb2_grpc

NAME = probe_pb2.DESCRIPTOR.services_by_name["Probe"].full_name
_CODES = {code.value[0]: code for code in grpc.StatusCode}
_OPTIONS = (
    # A port that is taken is an error, not a port shared with whoever has it.
    ("grpc.so_reuseport", 0),
    # Room for instructions and framing beside the body.
    ("grpc.max_receive_message_length", LONGEST_BODY + (64 << 10)),
)


class Rpc(probe_pb2_grpc.ProbeServicer):
    """The service Probe.

    The initial metadata says who answered. A call that fails before its first reply has none: its status and
    that metadata go out as one, in the trailers, because a proxy retries only what failed in this form.
    The library does not show a service the call's authority.
    """

    def __init__(self, echo: Echo) -> None:
        self._echo = echo
        self._served = tuple(echo.headers.items())

    async def Echo(self, request: Any, context: Any) -> Any:  # noqa: N802 - the service's own name
        """Answer one request with one reply."""
        told, attempt = await self._begin(request, context, GRPC)
        await context.send_initial_metadata(self._served)
        return self._message("Echo", request, context, told, attempt)

    async def Watch(self, request: Any, context: Any) -> AsyncIterator[Any]:  # noqa: N802
        """Answer one request with as many replies as it tells."""
        told, attempt = await self._begin(request, context, GRPC_STREAM)
        await context.send_initial_metadata(self._served)
        async for reply in self._replies("Watch", request, context, told, attempt):
            yield reply

    async def Collect(self, requests: AsyncIterator[Any], context: Any) -> Any:  # noqa: N802
        """Answer all requests with one reply: the first one's instructions, everybody's body."""
        first, bodies, length = None, [], 0
        async for request in requests:
            first = first or request
            length += len(request.body)
            if length > LONGEST_BODY:
                await self._fail(
                    context,
                    grpc.StatusCode.RESOURCE_EXHAUSTED,
                    f"body: must be at most {LONGEST_BODY} in all",
                )
            bodies.append(request.body)
        joint = probe_pb2.EchoRequest(instructions=first.instructions if first else "", body="".join(bodies))
        told, attempt = await self._begin(joint, context, GRPC)
        await context.send_initial_metadata(self._served)
        return self._message("Collect", joint, context, told, attempt)

    async def Chat(self, requests: AsyncIterator[Any], context: Any) -> AsyncIterator[Any]:  # noqa: N802
        """Answer each request as Watch would, in order."""
        greeted = False
        async for request in requests:
            told, attempt = await self._begin(request, context, GRPC_STREAM)
            if not greeted:
                await context.send_initial_metadata(self._served)
                greeted = True
            async for reply in self._replies("Chat", request, context, told, attempt):
                yield reply

    async def _begin(self, request: Any, context: Any, medium: Medium) -> tuple[Instructions, int | None]:
        """Take a call on, and do what comes before its first reply."""
        try:
            told, attempt = self._echo.take(request.instructions, medium)
        except BadInstructionError as error:
            await self._fail(context, grpc.StatusCode.INVALID_ARGUMENT, str(error))
            raise
        if told.delay:
            await asyncio.sleep(told.delay)
        if told.status and told.chunks is None:
            await self._fail(context, _CODES[told.status], "as told")
        return told, attempt

    async def _replies(
        self, method: str, request: Any, context: Any, told: Instructions, attempt: int | None
    ) -> AsyncIterator[Any]:
        for number in range(told.chunks or 1):
            if number and told.interval:
                await asyncio.sleep(told.interval)
            yield self._message(method, request, context, told, attempt, number)
        if told.status:
            await self._fail(context, _CODES[told.status], "as told, after the last chunk")

    async def _fail(self, context: Any, code: grpc.StatusCode, details: str) -> None:
        """End the call; does not return."""
        await context.abort(code, details, self._served)

    def _message(  # noqa: PLR0913, PLR0917 - what a call is made of
        self,
        method: str,
        request: Any,
        context: Any,
        told: Instructions,
        attempt: int | None,
        number: int = 0,
    ) -> Any:
        saw = {
            "protocol": "grpc",
            "method": "POST",
            "path": f"/{NAME}/{method}",
            "query": request.instructions,
            "headers": joined(_texts(context.invocation_metadata() or ())),
            "body": request.body,
            "peer": _peer(context.peer()),
            **handshake(None),
        }
        document = self._echo.document(saw, told, attempt, chunk=number)
        return probe_pb2.EchoReply(json=document.decode(), chunk=number)


def _texts(metadata: Any) -> list[tuple[str, str]]:
    """Return metadata as it was on the wire: values of binary keys in base64."""
    return [
        (name, value if isinstance(value, str) else base64.b64encode(value).decode().rstrip("="))
        for name, value in metadata
    ]


def _peer(name: str) -> str:
    """Return host:port of what the library writes as `ipv6:%5B::1%5D:4711`."""
    host, _, port = unquote(name).partition(":")[2].rpartition(":")
    return peer_name((host.strip("[]"), port)) if port else name


class Grpc:
    """The gRPC server: the service Probe, reflection, and the standard health service."""

    def __init__(self, echo: Echo) -> None:
        self._echo = echo
        self._server: grpc.aio.Server | None = None

    async def start(self, port: int) -> int:
        """Listen on every address of this pod; return the port, which is a free one for 0.

        Raises:
            OSError: the port is not to be had.
        """
        self._server = server = grpc.aio.server(options=_OPTIONS)
        probe_pb2_grpc.add_ProbeServicer_to_server(Rpc(self._echo), server)
        healthy = health.aio.HealthServicer()
        await healthy.set(NAME, health_pb2.HealthCheckResponse.SERVING)
        health_pb2_grpc.add_HealthServicer_to_server(healthy, server)
        reflection.enable_server_reflection((NAME, health.SERVICE_NAME, reflection.SERVICE_NAME), server)
        try:
            taken = server.add_insecure_port(f"[::]:{port}")
        except RuntimeError as error:
            raise OSError(f"gRPC: {error}") from error
        await server.start()
        return taken

    async def stop(self, patience: float) -> None:
        """Take no further call, and let the others finish, at most so many seconds."""
        if self._server:
            await self._server.stop(patience)
