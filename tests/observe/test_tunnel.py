"""The tunnel to a pod: an API server that forwards from a script, over a real WebSocket."""

import base64
import hashlib
import socketserver
import struct
import threading

import pytest
from kubernetes.client import ApiClient, Configuration

from meshproof.observe import tunnel
from meshproof.observe.tunnel import CannotForward, Tunnel

MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
GREETING = struct.pack("<H", 15014)
PAGE = b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nsynced"
FORBIDDEN = b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n"


def frame(content):
    assert len(content) < 126
    return bytes([0x82, len(content)]) + content


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        script = self.server.script
        words = [line.strip() for line in iter(self.rfile.readline, b"\r\n")]
        script.asked = words[0].decode()
        script.headers = dict(line.split(b": ", 1) for line in words[1:])
        if script.refusal:
            self.wfile.write(script.refusal)
            return
        key = script.headers[b"Sec-WebSocket-Key"]
        accept = base64.b64encode(hashlib.sha1(key + MAGIC).digest())  # noqa: S324 - as RFC 6455 has it
        self.wfile.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Protocol: v4.channel.k8s.io\r\nSec-WebSocket-Accept: " + accept + b"\r\n\r\n"
        )
        for channel in (0, 1):
            self.wfile.write(frame(bytes([channel]) + GREETING))
        for answer in script.answers:
            script.requests.append(self.request_of_client())
            for content in answer:
                self.wfile.write(frame(content))
        self.rfile.read()

    def request_of_client(self):
        length = self.rfile.read(2)[1] & 0x7F
        mask, content = self.rfile.read(4), self.rfile.read(length)
        return bytes(byte ^ mask[number % 4] for number, byte in enumerate(content))


class Script:
    def __init__(self):
        self.refusal, self.answers, self.requests = b"", [], []


@pytest.fixture
def script():
    return Script()


@pytest.fixture
def opened(script):
    made = []
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.script, server.daemon_threads, server.block_on_close = script, True, False
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        configuration = Configuration(host=f"http://127.0.0.1:{server.server_address[1]}")
        configuration.api_key = {"BearerToken": "Bearer t1"}
        with ApiClient(configuration) as api:

            def open_it():
                made.append(Tunnel(api, "istio-system", "istiod-1", 15014))
                return made[-1]

            yield open_it
        for each in made:
            each.close()
        server.shutdown()


def test_pages_come_through_one_connection_however_they_are_cut(script, opened):
    script.answers = [
        [b"\0" + PAGE],
        [b"\0" + PAGE[:20], b"\0" + PAGE[20:41], b"\0" + PAGE[41:]],
    ]
    found = opened()
    assert found.get("/debug/syncz") == b"synced"
    assert found.get("/metrics") == b"synced"
    path = "/api/v1/namespaces/istio-system/pods/istiod-1/portforward?ports=15014"
    assert script.asked == f"GET {path} HTTP/1.1"
    assert script.headers[b"authorization"] == b"Bearer t1"
    assert [request.split(b"\r\n")[0] for request in script.requests] == [
        b"\0GET /debug/syncz HTTP/1.1",
        b"\0GET /metrics HTTP/1.1",
    ]


def test_page_that_is_not_there_is_an_error(script, opened):
    script.answers = [[b"\0HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n"]]
    with pytest.raises(CannotForward, match=r"port 15014 of pod istiod-1 .* answers /debug/syncz with 404"):
        opened().get("/debug/syncz")


def test_port_on_which_nobody_listens_is_an_error_in_the_words_of_the_node(script, opened):
    script.answers = [[b"\1connection refused"]]
    with pytest.raises(CannotForward, match="does not answer: connection refused"):
        opened().get("/debug/syncz")


def test_silence_is_an_error(script, opened, monkeypatch):
    monkeypatch.setattr(tunnel, "ANSWER_SECONDS", 0.1)
    script.answers = [[]]
    with pytest.raises(CannotForward, match="timed out"):
        opened().get("/debug/syncz")


def test_missing_right_is_named(script, opened):
    script.refusal = FORBIDDEN
    with pytest.raises(CannotForward, match="may not forward port 15014") as caught:
        opened()
    assert caught.value.next_step == "give it the rights to get and create pods/portforward in istio-system"


def test_pod_that_is_gone_is_named(script, opened):
    script.refusal = FORBIDDEN.replace(b"403 Forbidden", b"404 Not Found")
    with pytest.raises(CannotForward, match=r"does not forward port 15014 of pod istiod-1 .* \(404\)"):
        opened()
