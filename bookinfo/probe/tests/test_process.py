"""The process: it starts, serves its ports and ends on SIGTERM."""

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from probe.listen import listening_socket

NAMES = ("HTTP", "HTTP2", "GRPC", "TCP", "TCP_FIRST", "HTTPS", "TLS", "CONTROL")


def free_port() -> int:
    with listening_socket(0) as sock:
        return sock.getsockname()[1]


@contextmanager
def process(**environment):
    ports = {name: free_port() for name in NAMES}
    variables = {
        "POD_NAME": "p-1",
        "SERVICE_WORKLOAD": "p",
        "SERVICE_VERSION": "v2",
        **{f"{name}_PORT": str(port) for name, port in ports.items()},
    }
    with subprocess.Popen(
        [sys.executable, "-m", "probe"],
        env=os.environ | variables | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as one:
        try:
            yield one, ports
        finally:
            one.kill()


def get(port, path):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as response:
        return response.status


def test_process_serves_and_ends_cleanly_on_sigterm():
    with process() as (one, ports):
        assert one.stdout.readline() == "p-1 (p v2) serves\n"
        for name in ("CONTROL", "HTTP"):
            assert get(ports[name], "/health") == 200
        for name in NAMES:
            with socket.create_connection(("127.0.0.1", ports[name]), 5):
                pass
        one.send_signal(signal.SIGTERM)
        assert one.wait(10) == 0
        assert one.stderr.read() == ""


def test_call_in_flight_at_sigterm_is_answered():
    with process() as (one, ports):
        one.stdout.readline()
        with ThreadPoolExecutor() as threads:
            calls = [threads.submit(get, ports["HTTP"], "/?delay=1") for _ in range(5)]
            with socket.create_connection(("127.0.0.1", ports["TCP"]), 5) as line:
                line.sendall(b"?delay=1&key=a x\n")
                # Answered at once, so the others, sent before, have arrived, too.
                assert get(ports["HTTP"], "/") == 200
                one.send_signal(signal.SIGTERM)
                assert [call.result(5) for call in calls] == [200] * 5
                assert b'"attempt": 1' in line.recv(4096)
        assert one.wait(10) == 0


def test_port_that_is_taken_is_said_in_a_sentence():
    with listening_socket(0) as taken, process(TLS_PORT=str(taken.getsockname()[1])) as (one, _):
        assert one.wait(10) == 1
        message = one.stderr.read()
        assert message.startswith("the probe cannot start: ")
        assert "in use" in message
        assert "Traceback" not in message


def test_what_only_http3_needs_is_not_loaded_at_the_start():
    loads = "import sys, probe.__main__; print([name for name in sys.modules if name.startswith('aioquic')])"
    assert subprocess.check_output([sys.executable, "-c", loads], text=True) == "[]\n"
