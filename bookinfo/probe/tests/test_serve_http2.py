"""HTTP/2, with prior knowledge and by ALPN."""

import json

import pytest
from h2.errors import ErrorCodes
from h2.events import ConnectionTerminated, DataReceived, ResponseReceived, StreamEnded, StreamReset
from h2.settings import SettingCodes
from hyperframe.frame import PingFrame

from tests.peers import run
from tests.serving import IDENTITY, SERVED_BY, client_context, http2_to, served


def test_any_path_is_answered_with_what_was_seen():
    async def test():
        async with served() as ports, http2_to(ports.http2) as client:
            head, body = await client.call(
                "//a/../b%2F?a=1&key=k", method="PUT", body="héllo".encode(), **{"end-user": "jason"}
            )
            seen = json.loads(body)
            assert head[":status"] == "200"
            assert head["content-length"] == str(len(body))
            assert head["x-served-by"] == IDENTITY.pod
            assert head["x-served-workload"] == "probe-a"
            assert head["x-served-version"] == "v1"
            assert seen["served_by"] == SERVED_BY
            assert (seen["protocol"], seen["method"]) == ("http2", "PUT")
            assert (seen["path"], seen["query"]) == ("//a/../b%2F", "a=1&key=k")
            assert seen["headers"] == {"host": "shop.example", "end-user": "jason"}
            assert seen["body"] == "héllo"
            assert seen["peer"].startswith("127.0.0.1:")
            assert seen["attempt"] == 1
            assert [seen[name] for name in ("tls", "sni", "alpn", "client_certificate")] == [None] * 4

    run(test())


def test_https_speaks_http2_to_whoever_asks_for_it():
    async def test():
        async with served() as ports, http2_to(ports.https, client_context("h2", "http/1.1")) as client:
            seen = json.loads((await client.call("/"))[1])
            assert (seen["protocol"], seen["alpn"], seen["tls"]) == ("http2", "h2", "TLSv1.3")

    run(test())


def test_calls_of_one_connection_do_not_wait_for_each_other():
    async def test():
        async with served() as ports, http2_to(ports.http2) as client:
            slow = await client.send("/?delay=0.2")
            streams = [await client.send("/") for _ in range(200)]
            for stream in [*streams, slow]:
                await client.ended(stream)
            ended = [event.stream_id for event in client.events if isinstance(event, StreamEnded)]
            assert ended[-1] == slow

    run(test())


@pytest.mark.parametrize("size", [0, 70_000, 1 << 20])
def test_large_reply_waits_for_its_window(size):
    async def test():
        async with served() as ports, http2_to(ports.http2) as client:
            # Half the default, so that streams must wait for their own window, not only the connection's.
            client.h2.update_settings({SettingCodes.INITIAL_WINDOW_SIZE: 32_000})
            for _ in range(2):
                _, body = await client.call(f"/?size={size}")
                assert len(json.loads(body).get("padding", "")) == size

    run(test())


@pytest.mark.parametrize(("length", "status"), [(1 << 20, "200"), ((1 << 20) + 1, "413")])
def test_body_of_a_megabyte_is_taken_and_a_longer_one_refused(length, status):
    async def test():
        async with served() as ports, http2_to(ports.http2) as client:
            head, body = await client.call("/", method="POST", body=b"x" * length)
            assert head[":status"] == status
            assert head["x-served-workload"] == "probe-a"
            assert ("error" in json.loads(body)) is (status == "413")
            assert (await client.call("/"))[0][":status"] == "200"

    run(test())


@pytest.mark.parametrize(("method", "told"), [("HEAD", ""), ("HEAD", "?chunks=3"), ("GET", "?status=204")])
def test_reply_that_has_no_body_gets_none(method, told):
    async def test():
        async with served() as ports, http2_to(ports.http2) as client:
            events = await client.ended(await client.send(f"/{told}", method=method))
            assert [type(event) for event in events] == [ResponseReceived, StreamEnded]

    run(test())


def test_bad_instruction_is_answered_with_400_and_its_name():
    async def test():
        async with served() as ports, http2_to(ports.http2) as client:
            head, body = await client.call("/?probe-x=1")
            assert head[":status"] == "400"
            assert json.loads(body)["error"].startswith("probe-x: unknown instruction")

    run(test())


def test_caller_that_gives_up_stops_its_own_call_alone():
    async def test():
        async with served() as ports, http2_to(ports.http2) as client:
            given_up = await client.send("/?delay=0.1")
            client.h2.reset_stream(given_up, ErrorCodes.CANCEL)
            await client.flush()
            assert (await client.call("/?delay=0.2"))[0][":status"] == "200"
            answered = [event.stream_id for event in client.events if isinstance(event, ResponseReceived)]
            assert given_up not in answered

    run(test())


def test_what_is_no_http2_ends_the_connection():
    async def test():
        async with served() as ports, http2_to(ports.http2) as client:
            client.writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            while await client.receive():
                pass

    run(test())


def test_frame_against_the_protocol_is_named_in_a_goodbye():
    async def test():
        async with served() as ports, http2_to(ports.http2) as client:
            await client.call("/")
            client.writer.write(PingFrame(0, b"12345678").serialize()[:8] + b"\x0112345678")
            while await client.receive():
                pass
            (goodbye,) = (event for event in client.events if isinstance(event, ConnectionTerminated))
            assert goodbye.error_code is ErrorCodes.PROTOCOL_ERROR

    run(test())


def test_stream_that_is_reset_within_its_reply_frees_the_connection():
    async def test():
        async with served() as ports, http2_to(ports.http2) as client:
            stream = await client.send("/?chunks=100&interval=0.02")
            while not any(isinstance(event, DataReceived) for event in client.events):
                await client.receive()
            client.h2.reset_stream(stream, ErrorCodes.CANCEL)
            await client.flush()
            assert (await client.call("/"))[0][":status"] == "200"
            assert not any(isinstance(event, StreamReset) for event in client.events)

    run(test())
