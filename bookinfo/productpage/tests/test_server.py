"""The process as the mesh sees it: how long connections stay, and how it ends."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import closing
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from productpage.app import create_app
from productpage.server import GRACE_SECONDS, KEEP_ALIVE_SECONDS, server
from productpage.settings import Settings

ENVOY_IDLE_SECONDS = 3600
"""After this long, Envoy closes a connection that nobody uses."""


class SlowDetails:
    """Stands in for details: says when it was asked, and answers when it is told to."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.may_answer = threading.Event()
        slow = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                slow.asked.set()
                slow.may_answer.wait(10)
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b'{"author": "William Shakespeare"}')

            def log_message(self, *_):
                pass

        self.http = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}"


@pytest.fixture
def details():
    slow = SlowDetails()
    serving = threading.Thread(target=slow.http.serve_forever)
    serving.start()
    yield slow
    slow.may_answer.set()
    slow.http.shutdown()
    serving.join()
    slow.http.server_close()


@pytest.fixture
def port():
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


@pytest.fixture
def process(details, port):
    env = os.environ | {"HOST": "127.0.0.1", "PORT": str(port), "DETAILS_URL": details.url}
    with subprocess.Popen([sys.executable, "-m", "productpage"], env=env, stdout=subprocess.PIPE) as started:
        read_until(started, b"running on")
        yield started
        started.kill()


def read_until(process, words):
    """Reads the log of a process up to the line that has these words."""
    assert any(words in line for line in process.stdout)


def test_idle_connections_stay_for_longer_than_envoys():
    settings = Settings.from_env({})
    assert server(create_app(settings), settings).config.timeout_keep_alive == KEEP_ALIVE_SECONDS
    assert KEEP_ALIVE_SECONDS > ENVOY_IDLE_SECONDS


def test_open_connections_are_answered_while_a_request_is_in_flight(details, port, process):
    with (
        closing(HTTPConnection("127.0.0.1", port, timeout=5)) as idle,
        closing(HTTPConnection("127.0.0.1", port, timeout=5)) as busy,
    ):
        idle.request("GET", "/health")
        idle.getresponse().read()
        busy.request("GET", "/api/v1/products/0")
        assert details.asked.wait(5)

        process.send_signal(signal.SIGTERM)
        read_until(process, b"draining")

        idle.request("GET", "/health")
        reply = idle.getresponse()
        assert (reply.status, reply.getheader("connection")) == (200, "close")
        assert process.poll() is None

        details.may_answer.set()
        last = busy.getresponse()
        assert (last.status, last.getheader("connection")) == (200, "close")
        assert process.wait(10) == 0


def test_without_requests_the_end_comes_at_once(process):
    started = time.monotonic()
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
    # Sooner than the grace for requests in flight, however busy the machine is.
    assert time.monotonic() - started < GRACE_SECONDS - 3


def test_a_setting_that_cannot_be_used_is_one_line_not_a_stack():
    env = os.environ | {"REVIEWS_TIMEOUT": "soon"}
    ended = subprocess.run(
        [sys.executable, "-m", "productpage"], env=env, capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stderr) == (1, "REVIEWS_TIMEOUT: a positive number, not 'soon'\n")
