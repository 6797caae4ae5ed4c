"""WebSocket: a handshake, then a message out and its answer back."""

import asyncio
import errno
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web

from tests.peers import failure, hang_up, raw_peer, replies, reset, run


@asynccontextmanager
async def websocket_peer(talk):
    """A server that shakes hands and then does as `talk` says; gives its URL."""

    async def serve(request):
        websocket = web.WebSocketResponse()
        websocket.headers["x-served-by"] = "p-1"
        await websocket.prepare(request)
        await talk(websocket, request)
        return websocket

    runner = web.ServerRunner(web.Server(serve), shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield site.name.replace("http", "ws")
    finally:
        await runner.cleanup()


async def echo(websocket, _request):
    async for message in websocket:
        await websocket.send_str(message.data)
        await websocket.send_str("again")


def test_messages_are_answered_on_a_connection_that_is_kept():
    async def test():
        connections = 0

        async def count(websocket, request):
            nonlocal connections
            connections += 1
            await echo(websocket, request)

        async with websocket_peer(count) as url:
            got = await replies(protocol="websocket", url=f"{url}/?chunks=2", body="hi", count=3)
            assert [reply["body"] for reply in got] == ["hi\nagain"] * 3
            assert {(reply["status"], reply["headers"]["x-served-by"]) for reply in got} == {(101, "p-1")}
            assert connections == 1
            await replies(protocol="websocket", url=f"{url}/?chunks=2", count=3, new_connections=True)
            assert connections == 4

    run(test())


def test_refused_handshake_is_the_reply():
    async def test():
        async def refuse(_reader, writer):
            writer.write(b"HTTP/1.1 403 Forbidden\r\nx-a: 1\r\ncontent-length: 6\r\n\r\ndenied")

        async with raw_peer(refuse, scheme="ws") as url:
            (reply,) = await replies(protocol="websocket", url=url)
            assert (reply["status"], reply["body"], reply["failure"]) == (403, "denied", None)
            assert reply["headers"]["x-a"] == "1"

    run(test())


def test_peer_that_ends_between_two_calls_gets_a_new_connection():
    async def test():
        async def answer_once(websocket, request):
            await websocket.send_str((await websocket.receive()).data)
            await asyncio.sleep(0.02)
            # In order, but without the goodbye of WebSocket.
            request.transport.close()

        async with websocket_peer(answer_once) as url:
            got = await replies(protocol="websocket", url=url, body="hi", count=3, rate=5)
            assert [(reply["body"], reply["failure"]) for reply in got] == [("hi", None)] * 3

    run(test())


@pytest.mark.parametrize(
    ("cut", "failed"),
    [
        (None, ("closed", "connection closed before the reply", None)),
        (ConnectionResetError(errno.ECONNRESET, "x"), ("reset", "connection reset by peer", None)),
    ],
)
def test_end_that_is_met_in_sending_has_its_kind(cut, failed, monkeypatch):
    async def test():
        async def send(websocket, _text):
            lost = websocket._response.protocol.closed  # noqa: SLF001 - as the connection's end would
            asyncio.get_running_loop().call_soon(websocket._response.protocol.connection_lost, cut)  # noqa: SLF001
            assert not lost.done()
            raise aiohttp.ClientConnectionResetError("Cannot write to closing transport")

        monkeypatch.setattr(aiohttp.ClientWebSocketResponse, "send_str", send)
        async with websocket_peer(echo) as url:
            assert await failure(protocol="websocket", url=url) == failed

    run(test())


def test_connection_of_one_call_is_closed_with_a_goodbye():
    async def test():
        codes = []

        async def note(websocket, request):
            await echo(websocket, request)
            codes.append(websocket.close_code)

        async with websocket_peer(note) as url:
            await replies(protocol="websocket", url=f"{url}/?chunks=2", count=3, new_connections=True)
            assert codes == [1000] * 3

    run(test())


def test_close_by_the_peer_tells_its_code():
    async def test():
        async def close(websocket, _request):
            await websocket.receive()
            await websocket.close(code=1011, message=b"overload")

        async with websocket_peer(close) as url:
            assert await failure(protocol="websocket", url=url) == (
                "closed",
                "closed by the peer with close code 1011: overload",
                None,
            )

    run(test())


@pytest.mark.parametrize(
    ("end", "failed"),
    [
        (hang_up, ("closed", "connection closed before the reply", None)),
        (reset, ("reset", "connection reset by peer", None)),
    ],
)
@pytest.mark.parametrize("shaken", [False, True])
def test_broken_connection_has_its_kind(end, failed, shaken):
    async def test():
        async def cut(websocket, request):
            await websocket.receive()
            sock = request.transport.get_extra_info("socket")

            class Writer:
                transport = request.transport
                get_extra_info = staticmethod(lambda _name: sock)

            await end(None, Writer)
            request.transport.abort()

        if shaken:
            async with websocket_peer(cut) as url:
                assert await failure(protocol="websocket", url=url) == failed
        else:
            async with raw_peer(end, scheme="ws") as url:
                assert await failure(protocol="websocket", url=url) == failed

    run(test())


@pytest.mark.usefixtures("no_invalid_names")
def test_silent_and_refusing_peers_have_their_kinds():
    async def test():
        async def sleep(_websocket, _request):
            await asyncio.sleep(0.3)

        async with websocket_peer(sleep) as url:
            assert await failure(protocol="websocket", url=url, timeout=0.1) == (
                "timeout",
                "no answer within 0.1 s",
                None,
            )
        assert await failure(protocol="websocket", url=url) == ("refused", "connection refused", None)
        assert (await failure(protocol="websocket", url="ws://no-such-host.invalid/"))[0] == "dns"

    run(test())
