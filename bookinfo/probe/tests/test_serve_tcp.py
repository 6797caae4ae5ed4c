"""TCP: lines, answered line by line; also when the server speaks first."""

import asyncio
import json
import time

import pytest

from probe.seen import Seen
from tests.peers import run
from tests.serving import SERVED_BY, client_context, line_to, served

PORTS = [pytest.param(name, id=name) for name in ("tcp", "tls")]


def context(port):
    return client_context() if port == "tls" else None


@pytest.mark.parametrize("port", PORTS)
def test_line_is_answered_with_what_was_seen(port):
    async def test():
        async with served() as ports, line_to(getattr(ports, port), context(port)) as line:
            seen = await line.ask("héllo ?delay=60")
            assert seen["served_by"] == SERVED_BY
            assert (seen["protocol"], seen["query"], seen["body"]) == ("tcp", "", "héllo ?delay=60")
            assert seen["peer"].startswith("127.0.0.1:")
            assert (await line.ask("again"))["body"] == "again"

    run(test())


@pytest.mark.parametrize("port", PORTS)
def test_line_that_begins_with_a_question_mark_is_obeyed(port):
    async def test():
        seen = Seen()
        async with served(seen=seen) as ports, line_to(getattr(ports, port), context(port)) as line:
            started = time.monotonic()
            answer = await line.ask("?delay=0.1&key=a&size=5 the body")
            assert time.monotonic() - started > 0.09
            assert (answer["query"], answer["body"]) == ("delay=0.1&key=a&size=5", "the body")
            assert (answer["attempt"], answer["padding"]) == (1, "xxxxx")
            assert (await line.ask("?key=a"))["attempt"] == 2
            assert seen.calls("a").count == 2

    run(test())


def test_server_first_speaks_before_it_is_spoken_to():
    async def test():
        async with served() as ports, line_to(ports.tcp_first) as line:
            greeting = await line.hear()
            assert (greeting["greeting"], greeting["body"], greeting["served_by"]) == (True, "", SERVED_BY)
            answer = await line.ask("hello")
            assert answer["body"] == "hello"
            assert "greeting" not in answer

    run(test())


def test_what_tcp_cannot_do_is_refused_and_the_connection_goes_on():
    async def test():
        async with served() as ports, line_to(ports.tcp) as line:
            assert await line.ask("?status=503 x") == {
                "error": "status: TCP has no status",
                "served_by": SERVED_BY,
            }
            assert (await line.ask("x"))["body"] == "x"

    run(test())


@pytest.mark.parametrize("port", PORTS)
def test_end_without_a_newline_is_answered(port):
    async def test():
        async with served() as ports:
            reader, writer = await asyncio.open_connection(
                "127.0.0.1", getattr(ports, port), ssl=context(port)
            )
            writer.write(b"half a line\r\n" if port == "tls" else b"half a line")
            if port == "tcp":
                writer.write_eof()
            assert json.loads(await reader.readline())["body"] == "half a line"
            writer.close()

    run(test())


def test_line_too_long_is_refused():
    async def test():
        async with served() as ports, line_to(ports.tcp) as line:
            line.writer.write(b"x" * (1 << 21))
            assert (await line.hear())["error"].startswith("line: must be at most ")

    run(test())


@pytest.mark.parametrize("port", PORTS)
@pytest.mark.parametrize("how", ["?close=1 x", "?key=a&fail_first=1 x"])
def test_close_ends_the_connection_before_the_reply(port, how):
    async def test():
        async with served() as ports, line_to(getattr(ports, port), context(port)) as line:
            await line.say(how)
            assert await line.reader.read() == b""

    run(test())


@pytest.mark.parametrize("port", PORTS)
@pytest.mark.parametrize("how", ["?reset=1 x", "?key=a&fail_first=1&fail_with=reset x"])
def test_reset_resets_the_connection_before_the_reply(port, how):
    async def test():
        async with served() as ports, line_to(getattr(ports, port), context(port)) as line:
            await line.say(how)
            with pytest.raises(ConnectionResetError):
                await line.reader.read()

    run(test())


@pytest.mark.parametrize("port", PORTS)
def test_reply_in_chunks_is_one_line_and_can_be_cut(port):
    async def test():
        async with served() as ports, line_to(getattr(ports, port), context(port)) as line:
            started = time.monotonic()
            assert (await line.ask("?chunks=3&interval=0.05 x"))["body"] == "x"
            assert time.monotonic() - started > 0.09
            await line.say("?chunks=2&close=1&after=1 x")
            half = await line.reader.read()
            assert half.startswith(b'{"served_by"')
            assert not half.endswith(b"\n")

    run(test())
