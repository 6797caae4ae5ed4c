"""WebSocket: by upgrade on any path; every message is answered."""

import time

import aiohttp
import pytest

from probe.seen import Seen
from tests.peers import run
from tests.serving import IDENTITY, SERVED_BY, client_context, line_to, served


def test_message_is_answered_with_what_was_seen():
    async def test():
        async with (
            served() as ports,
            aiohttp.ClientSession() as client,
            client.ws_connect(
                f"ws://127.0.0.1:{ports.http}/any/path?key=a",
                headers={"end-user": "jason"},
                protocols=("chat",),
            ) as websocket,
        ):
            assert websocket.protocol == "chat"
            await websocket.send_str("héllo")
            seen = await websocket.receive_json()
            assert seen["served_by"] == SERVED_BY
            assert (seen["protocol"], seen["method"]) == ("websocket", "GET")
            assert (seen["path"], seen["query"]) == ("/any/path", "key=a")
            assert seen["headers"]["end-user"] == "jason"
            assert (seen["body"], seen["attempt"], seen["chunk"]) == ("héllo", 1, 0)
            await websocket.send_bytes(b"bytes")
            assert (await websocket.receive_json())["body"] == "bytes"

    run(test())


def test_handshake_says_who_answered():
    async def test():
        async with served() as ports, line_to(ports.http) as line:
            await line.say(
                "GET / HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
                "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r"
            )
            head = (await line.reader.readuntil(b"\r\n\r\n")).decode()
            assert head.startswith("HTTP/1.1 101 ")
            assert f"x-served-by: {IDENTITY.pod}\r\n" in head
            assert "x-served-workload: probe-a\r\n" in head

    run(test())


def test_websocket_in_tls_shows_its_handshake():
    async def test():
        async with (
            served() as ports,
            aiohttp.ClientSession() as client,
            client.ws_connect(f"wss://localhost:{ports.https}/", ssl=client_context("http/1.1")) as websocket,
        ):
            await websocket.send_str("x")
            seen = await websocket.receive_json()
            assert (seen["sni"], seen["alpn"], seen["tls"]) == ("localhost", "http/1.1", "TLSv1.3")

    run(test())


@pytest.mark.parametrize("told", ["status=403", "key=a&fail_first=1&fail_with=403"])
def test_handshake_is_answered_with_the_status_told(told):
    async def test():
        async with served() as ports, aiohttp.ClientSession() as client:
            with pytest.raises(aiohttp.WSServerHandshakeError) as error:
                await client.ws_connect(f"ws://127.0.0.1:{ports.http}/?{told}")
            assert error.value.status == 403
            assert error.value.headers["x-served-workload"] == "probe-a"

    run(test())


def test_handshake_is_refused_when_an_instruction_cannot_be_obeyed():
    async def test():
        async with served() as ports, aiohttp.ClientSession() as client:
            with pytest.raises(aiohttp.WSServerHandshakeError) as error:
                await client.ws_connect(f"ws://127.0.0.1:{ports.http}/?delay=61")
            assert error.value.status == 400

    run(test())


def test_handshakes_fail_first_and_then_they_succeed():
    async def test():
        seen = Seen()
        async with served(seen=seen) as ports, aiohttp.ClientSession() as client:
            url = f"ws://127.0.0.1:{ports.http}/?key=a&fail_first=1"
            with pytest.raises(aiohttp.WSServerHandshakeError):
                await client.ws_connect(url)
            async with client.ws_connect(url) as websocket:
                await websocket.send_str("x")
                assert (await websocket.receive_json())["attempt"] == 2
            assert seen.calls("a").count == 2

    run(test())


def test_delay_is_before_the_handshake_and_chunks_answer_each_message():
    async def test():
        async with served() as ports, aiohttp.ClientSession() as client:
            started = time.monotonic()
            url = f"ws://127.0.0.1:{ports.http}/?delay=0.1&chunks=3&interval=0.05&size=4"
            async with client.ws_connect(url) as websocket:
                assert time.monotonic() - started > 0.09
                for body in ("a", "b"):
                    await websocket.send_str(body)
                    for chunk in range(3):
                        seen = await websocket.receive_json()
                        assert (seen["body"], seen["chunk"], seen["padding"]) == (body, chunk, "xxxx")
                assert time.monotonic() - started > 0.29

    run(test())


@pytest.mark.parametrize("cut", ["close", "reset"])
def test_cut_after_chunks_ends_the_connection_without_a_goodbye(cut):
    async def test():
        async with (
            served() as ports,
            aiohttp.ClientSession() as client,
            client.ws_connect(f"ws://127.0.0.1:{ports.http}/?{cut}=1&after=1&chunks=2") as websocket,
        ):
            await websocket.send_str("x")
            assert (await websocket.receive_json())["chunk"] == 0
            message = await websocket.receive()
            assert message.type is aiohttp.WSMsgType.CLOSED
            assert websocket.close_code == aiohttp.WSCloseCode.ABNORMAL_CLOSURE

    run(test())


def test_handshake_without_its_key_is_an_ordinary_call():
    async def test():
        async with served() as ports, aiohttp.ClientSession() as client:
            headers = {"connection": "upgrade", "upgrade": "websocket"}
            async with client.get(f"http://127.0.0.1:{ports.http}/", headers=headers) as response:
                assert response.status == 200
                assert (await response.json())["protocol"] == "http"

    run(test())
