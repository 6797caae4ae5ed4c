"""The process: it starts, serves both ports and ends on SIGTERM."""

import os
import signal
import subprocess
import sys
import urllib.request

from probe.listen import listening_socket


def free_port() -> int:
    with listening_socket(0) as sock:
        return sock.getsockname()[1]


def test_process_serves_and_ends_cleanly_on_sigterm():
    control, http = free_port(), free_port()
    environment = os.environ | {
        "CONTROL_PORT": str(control),
        "HTTP_PORT": str(http),
        "POD_NAME": "p-1",
        "SERVICE_WORKLOAD": "p",
        "SERVICE_VERSION": "v2",
    }
    with subprocess.Popen(
        [sys.executable, "-m", "probe"], env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout.readline() == "p-1 (p v2) serves\n"
            for port in (control, http):
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5) as response:
                    assert response.status == 200
            process.send_signal(signal.SIGTERM)
            assert process.wait(10) == 0
        finally:
            process.kill()
