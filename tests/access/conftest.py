"""An API server that serves a mesh and judges rights from a table, asked by the real Kubernetes client."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import yaml
from pretended import Mesh

from meshproof.cluster.model import Cluster


@pytest.fixture
def mesh():
    return Mesh()


@pytest.fixture
def cluster(mesh, tmp_path):
    class Handler(BaseHTTPRequestHandler):
        # One connection for many questions, and none waits for the last one's acknowledgement.
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self):
            self._answer(b"")

        def do_POST(self):
            self._answer(self.rfile.read(int(self.headers["content-length"])))

        def _answer(self, received):
            code, answer = mesh.take(self.path, received)
            body = (answer if isinstance(answer, str) else json.dumps(answer)).encode()
            self.send_response(code)
            self.send_header("content-type", "text/plain" if isinstance(answer, str) else "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        kubeconfig = tmp_path / "kubeconfig"
        content = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "x",
            "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
            "clusters": [{"name": "c", "cluster": {"server": f"http://127.0.0.1:{server.server_port}"}}],
            "users": [{"name": "u", "user": {}}],
        }
        kubeconfig.write_text(yaml.safe_dump(content))
        found = Cluster(kubeconfig, "x")
        yield found
        found.api.rest_client.pool_manager.clear()
        server.shutdown()
