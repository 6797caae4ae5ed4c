"""Connections between two calls, and their end."""

import asyncio
import socket
import ssl
from concurrent.futures import ThreadPoolExecutor

import pytest

from probe.send import idle
from probe.send.idle import Idle
from tests.peers import issue, replies, run, server_context


class Fake:
    """A connection whose peer answers a goodbye when it is told to."""

    def __init__(self):
        self.answered = asyncio.Event()
        self.closed = self.dropped = False

    def alive(self):
        return True

    def drop(self):
        self.dropped = True

    async def close(self):
        await self.answered.wait()
        self.closed = True


@pytest.fixture
def fakes():
    return []


@pytest.fixture
def each_new(fakes):
    async def make():
        fakes.append(Fake())
        return fakes[-1]

    return Idle(make, each_new=True)


async def call(lines):
    async with lines.line():
        pass


def test_goodbye_of_one_call_does_not_hold_up_the_next(fakes, each_new):
    async def test():
        await call(each_new)
        await call(each_new)
        assert len(fakes) == 2
        ending = asyncio.create_task(each_new.close())
        await asyncio.sleep(0)
        assert not any(fake.closed for fake in fakes)
        for fake in fakes:
            fake.answered.set()
        await ending
        assert [(fake.closed, fake.dropped) for fake in fakes] == [(True, False)] * 2

    run(test())


def test_goodbye_that_nobody_answers_is_given_up(fakes, each_new, monkeypatch):
    monkeypatch.setattr(idle, "GOODBYE", 0.02)

    async def test():
        await call(each_new)
        await each_new.close()
        assert (fakes[0].closed, fakes[0].dropped) == (False, True)

    run(test())


def test_only_so_many_wait_for_the_answer_to_a_goodbye(fakes, each_new, monkeypatch):
    monkeypatch.setattr(idle, "MOST_CLOSING", 1)

    async def test():
        await call(each_new)
        await call(each_new)
        assert [fake.dropped for fake in fakes] == [False, True]
        fakes[0].answered.set()
        await each_new.close()
        assert fakes[0].closed

    run(test())


def test_tls_of_one_call_ends_with_its_goodbye(tmp_path):
    context = server_context(tmp_path, issue("localhost"))

    def one_line(listening):
        sock, _ = listening.accept()
        sock.settimeout(5)
        # An end without TLS's own goodbye raises.
        with context.wrap_socket(sock, server_side=True, suppress_ragged_eofs=False) as tls:
            tls.sendall(tls.recv(1 << 16))
            return tls.recv(1)

    with socket.create_server(("127.0.0.1", 0)) as listening, ThreadPoolExecutor() as pool:
        ended = pool.submit(one_line, listening)
        url = f"tls://127.0.0.1:{listening.getsockname()[1]}"
        run(replies(protocol="tcp", url=url, body="a", new_connections=True))
        try:
            assert ended.result(5) == b""
        except ssl.SSLEOFError:
            pytest.fail("no goodbye of TLS")
