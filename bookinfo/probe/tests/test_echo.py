"""What the probe answers to those who call it."""

import asyncio
import json

import pytest

from tests.peers import IDENTITY, run, running_probe


def test_any_path_is_answered_with_what_was_seen():
    async def test():
        async with running_probe() as probe:
            headers = {"X-Forwarded-Client-Cert": "By=spiffe://a;URI=spiffe://b", "end-user": "jason"}
            async with probe.client.put(
                f"{probe.url}/any/path?a=1&a=2", data="héllo", headers=headers
            ) as response:
                seen = await response.json()
            assert response.status == 200
            assert response.headers["x-served-by"] == IDENTITY.pod
            assert response.headers["x-served-workload"] == "probe-a"
            assert response.headers["x-served-version"] == "v1"
            assert seen["served_by"] == {"pod": IDENTITY.pod, "workload": "probe-a", "version": "v1"}
            assert (seen["method"], seen["path"], seen["query"]) == ("PUT", "/any/path", "a=1&a=2")
            assert seen["headers"]["x-forwarded-client-cert"] == "By=spiffe://a;URI=spiffe://b"
            assert seen["headers"]["end-user"] == "jason"
            assert seen["body"] == "héllo"
            assert seen["peer"].startswith("127.0.0.1:")

    run(test())


def test_path_is_given_as_it_came_and_repeated_headers_are_joined():
    async def test():
        async with running_probe() as probe:
            reader, writer = await asyncio.open_connection("127.0.0.1", int(probe.url.rpartition(":")[2]))
            writer.write(
                b"GET //a/../b%2Fc/./d HTTP/1.1\r\nHost: x\r\nb: 1\r\nB: 2\r\nConnection: close\r\n\r\n"
            )
            seen = json.loads((await reader.read()).partition(b"\r\n\r\n")[2])
            writer.close()
            assert seen["path"] == "//a/../b%2Fc/./d"
            assert seen["headers"]["b"] == "1, 2"

    run(test())


@pytest.mark.parametrize("status", [200, 204, 301, 418, 503, 599])
def test_status_parameter_sets_the_status(status):
    async def test():
        async with (
            running_probe() as probe,
            probe.client.get(f"{probe.url}/x?status={status}", allow_redirects=False) as response,
        ):
            assert response.status == status
            assert response.headers["x-served-workload"] == "probe-a"

    run(test())


def test_delay_parameter_delays_this_call_alone():
    async def test():
        async with running_probe() as probe:
            (slow,) = await probe.replies(url=f"{probe.url}/?delay=0.15")
            (quick,) = await probe.replies(url=f"{probe.url}/")
            assert slow["seconds"] > 0.14  # the clocks of loop and timer differ by a little
            assert quick["seconds"] < 0.14

    run(test())


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("delay=soon", "delay"),
        ("delay=-1", "delay"),
        ("delay=61", "delay"),
        ("delay=nan", "delay"),
        ("status=100", "status"),
        ("status=600", "status"),
        ("status=ok", "status"),
    ],
)
def test_bad_parameter_is_answered_with_400_and_its_name(query, field):
    async def test():
        async with running_probe() as probe, probe.client.get(f"{probe.url}/?{query}") as response:
            assert response.status == 400
            assert (await response.json())["error"].startswith(f"{field}: ")
            assert response.headers["x-served-by"] == IDENTITY.pod

    run(test())
