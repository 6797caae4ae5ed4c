"""An API server that answers from a script, reached over real HTTP by the real Kubernetes client."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

import pytest
from kubernetes.client import ApiClient, Configuration


class ApiServer:
    def __init__(self):
        self.answers = {}
        self.asked = []

    def answer(self, path, body, status=200):
        self.answers[path] = (status, body if isinstance(body, str) else json.dumps(body))

    def take(self, target):
        parts = urlsplit(target)
        self.asked.append((parts.path, dict(parse_qsl(parts.query))))
        missing = {"kind": "Status", "message": f'services "{parts.path}" not found'}
        return self.answers.get(parts.path, (404, json.dumps(missing)))


@pytest.fixture
def api_server():
    return ApiServer()


@pytest.fixture
def api(api_server):
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            status, body = api_server.take(self.path)
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        host, port = server.server_address
        with ApiClient(Configuration(host=f"http://{host}:{port}")) as client:
            yield client
            client.rest_client.pool_manager.clear()
        server.shutdown()
