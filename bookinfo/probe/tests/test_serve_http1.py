"""What the probe answers to those who call it over HTTP/1.1."""

import asyncio
import io
import json
import time

import aiohttp
import pytest

from tests.peers import run
from tests.serving import IDENTITY, SERVED_BY, client_context, raw_http, served


def test_any_path_is_answered_with_what_was_seen():
    async def test():
        async with served() as ports, aiohttp.ClientSession() as client:
            headers = {"X-Forwarded-Client-Cert": "By=spiffe://a;URI=spiffe://b", "end-user": "jason"}
            async with client.put(
                f"http://127.0.0.1:{ports.http}/any/path?a=1&a=2", data="héllo", headers=headers
            ) as response:
                seen = await response.json()
            assert response.status == 200
            assert response.headers["x-served-by"] == IDENTITY.pod
            assert response.headers["x-served-workload"] == "probe-a"
            assert response.headers["x-served-version"] == "v1"
            assert seen["served_by"] == SERVED_BY
            assert seen["protocol"] == "http"
            assert (seen["method"], seen["path"], seen["query"]) == ("PUT", "/any/path", "a=1&a=2")
            assert seen["headers"]["x-forwarded-client-cert"] == "By=spiffe://a;URI=spiffe://b"
            assert seen["headers"]["end-user"] == "jason"
            assert seen["body"] == "héllo"
            assert seen["peer"].startswith("127.0.0.1:")
            assert [seen[name] for name in ("tls", "sni", "alpn", "client_certificate")] == [None] * 4
            assert "attempt" not in seen

    run(test())


def test_path_is_given_as_it_came_and_repeated_headers_are_joined():
    async def test():
        async with served() as ports:
            reader, writer = await asyncio.open_connection("127.0.0.1", ports.http)
            writer.write(
                b"GET //a/../b%2Fc/./d HTTP/1.1\r\nHost: x\r\nb: 1\r\nB: 2\r\nConnection: close\r\n\r\n"
            )
            seen = json.loads((await reader.read()).partition(b"\r\n\r\n")[2])
            writer.close()
            assert seen["path"] == "//a/../b%2Fc/./d"
            assert seen["headers"]["b"] == "1, 2"

    run(test())


@pytest.mark.parametrize("status", [200, 204, 301, 418, 503, 599])
def test_status_instruction_sets_the_status(status):
    async def test():
        async with (
            served() as ports,
            aiohttp.ClientSession() as client,
            client.get(f"http://127.0.0.1:{ports.http}/x?status={status}", allow_redirects=False) as response,
        ):
            assert response.status == status
            assert response.headers["x-served-workload"] == "probe-a"

    run(test())


def test_delay_delays_this_call_alone():
    async def test():
        async with served() as ports:
            started = time.monotonic()
            slow = asyncio.create_task(raw_http(ports.http, "delay=1"))
            await raw_http(ports.http, "")
            assert not slow.done()
            await slow
            assert time.monotonic() - started > 0.99  # the clocks of loop and test differ by a little

    run(test())


def test_bad_instruction_is_answered_with_400_and_its_name():
    async def test():
        async with (
            served() as ports,
            aiohttp.ClientSession() as client,
            client.get(f"http://127.0.0.1:{ports.http}/?status=600") as response,
        ):
            assert response.status == 400
            assert await response.json() == {"error": "status: must be 0..599", "served_by": SERVED_BY}
            assert response.headers["x-served-by"] == IDENTITY.pod

    run(test())


@pytest.mark.parametrize(("length", "status"), [(1 << 20, 200), ((1 << 20) + 1, 413)])
def test_body_of_a_megabyte_is_taken_and_a_longer_one_refused(length, status):
    async def test():
        async with (
            served() as ports,
            aiohttp.ClientSession() as client,
            client.post(f"http://127.0.0.1:{ports.http}/?key=a", data=io.BytesIO(b"x" * length)) as response,
        ):
            assert response.status == status
            assert response.headers["x-served-by"] == IDENTITY.pod
            seen = await response.json()
            assert seen["served_by"] == SERVED_BY
            assert seen.get("error") == (None if status == 200 else "body: must be at most 1048576 bytes")

    run(test())


def test_connection_is_kept_for_the_next_call():
    async def test():
        async with served() as ports, aiohttp.ClientSession() as client:
            peers = set()
            for _ in range(3):
                async with client.get(f"http://127.0.0.1:{ports.http}/") as response:
                    peers.add((await response.json())["peer"])
            assert len(peers) == 1

    run(test())


def test_https_answers_with_what_the_handshake_showed():
    async def test():
        async with (
            served() as ports,
            aiohttp.ClientSession() as client,
            client.get(
                f"https://127.0.0.1:{ports.https}/a",
                ssl=client_context("http/1.1"),
                server_hostname="shop.example",
            ) as response,
        ):
            seen = await response.json()
            assert (seen["protocol"], seen["tls"]) == ("http", "TLSv1.3")
            assert (seen["sni"], seen["alpn"]) == ("shop.example", "http/1.1")

    run(test())
