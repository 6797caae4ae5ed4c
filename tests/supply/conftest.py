"""A small house, an engine that only writes down what it is told, and a server of release files."""

import http.server
import threading
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from meshproof.paths import Paths
from meshproof.supply.engine import Engine
from meshproof.supply.recipes import SERVICES

GO_MOD = """module x

require (
	k8s.io/kubernetes v1.34.4 // indirect
	helm.sh/helm/v3 v3.22.0
	istio.io/istio v0.0.0-20260827124520-eed52ebb66ad
)
"""
DOCKERFILES = {
    "go": "ARG BASE\nFROM ${BASE}\n",
    **dict.fromkeys(("kubernetes", "istio", "kind", "helm", "etcd", "coredns"), "ARG GO\nFROM ${GO}\n"),
    **dict.fromkeys(("pause", "gateway-api"), "ARG GO\nFROM ${GO}\n"),
    "control-plane": "ARG BASE\nARG KUBERNETES\nARG BINARY\nFROM ${KUBERNETES}\n",
    "node": "ARG BASE\nARG KUBERNETES\nFROM ${BASE}\nCOPY images.tar /\n",
    "pilot": "ARG ISTIO\nFROM ${ISTIO}\n",
    "proxyv2": "ARG BASE\nARG ISTIO\nFROM ${BASE}\n",
    "prometheus": "ARG BASE\nFROM ${BASE}\n",
    **dict.fromkeys(("jaeger", "ratelimit"), "ARG GO\nFROM ${GO}\n"),
    "valkey": "ARG BASE\nFROM ${BASE}\n",
    "browser": "ARG BASE\nFROM ${BASE}\n",
}
SERVICE = "ARG BASE=docker.io/library/debian:trixie-slim\nFROM ${BASE} AS app\nFROM app AS test\nFROM app\n"
# Does nothing but remember: every call in `calls`, every image made in `images`.
ENGINE = """#!/bin/sh
here=$(dirname "$0")
printf '%s\\n' "$*" >> "$here/calls"
case "$1" in
  images) cat "$here/images" 2>/dev/null || true ;;
  build) if [ -e "$here/fails" ]; then cat "$here/fails"; exit 1; fi
    cat "$here/says" 2>/dev/null; echo "$5" >> "$here/images" ;;
  import) echo "$3" >> "$here/images" ;;
  save) echo archive > "$3" ;;
  create) echo container ;;
  cp) echo "$2" > "$3" ;;
esac
"""


def write(folder, files):
    for name, text in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


@pytest.fixture
def house(tmp_path):
    root = tmp_path / "house"
    write(root / "images", {f"{name}/Dockerfile": text for name, text in DOCKERFILES.items()})
    write(root / "images", {"kubernetes/go.mod": GO_MOD, "helm/go.mod": GO_MOD, "istio/go.mod": GO_MOD})
    write(root / "images", {"versions.toml": '[packages]\ndebian = "trixie"\nistio = "1.31-dev"\n'})
    write(root / "bookinfo", {f"{name}/Dockerfile": SERVICE for name in (*SERVICES, "probe")})
    return root


@pytest.fixture
def paths(tmp_path, house):
    return Paths(house=house, cache=tmp_path / "cache", state=tmp_path / "state")


@dataclass
class Told:
    """What the engine was told."""

    folder: Path
    engine: Engine

    def calls(self, word):
        lines = (self.folder / "calls").read_text().splitlines() if (self.folder / "calls").exists() else []
        return [line for line in lines if line.startswith(f"{word} ")]

    def say(self, message):
        (self.folder / "says").write_text(message)

    def fail(self, message):
        (self.folder / "fails").write_text(message)


@pytest.fixture
def told(tmp_path, monkeypatch):
    folder = tmp_path / "bin"
    programs = {"docker": ENGINE, "mmdebstrap": '#!/bin/sh\nfor last; do :; done\necho base > "$last"\n'}
    write(folder, programs)
    for name in programs:
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=":")
    return Told(folder, Engine("docker"))


@dataclass
class Server:
    """Serves `files`, and the statuses of `statuses`; remembers what it was asked for."""

    url: str
    files: dict[str, bytes] = field(default_factory=dict)
    statuses: dict[str, int] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    silence: threading.Event = field(default_factory=threading.Event)


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            found.asked.append(self.path)
            if self.path == "/silent":
                found.silence.wait(10)
            content = found.files.get(self.path, b"")
            self.send_response(found.statuses.get(self.path, 200 if self.path in found.files else 404))
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        found = Server(f"http://127.0.0.1:{listening.server_port}")
        thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield found
        found.silence.set()
        listening.shutdown()
        thread.join()
