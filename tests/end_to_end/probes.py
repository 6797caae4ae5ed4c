"""Probes in a namespace of their own: with a sidecar, without, and asking for certificates."""

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kubernetes import client
from kubernetes.client import ApiClient

from meshproof.cluster.model import Cluster
from meshproof.mesh.helm import Helm, Release
from meshproof.paths import paths
from meshproof.traffic import Batch, Call, Check, ClientCertificate, Expect, Protocol, Reply, Tls
from meshproof.traffic.checks import served_by
from meshproof.traffic.probe import PodProxy, Probe

ONE = Batch(count=1, concurrency=1, deadline=60.0, new_connections=True, body_limit=128 << 10)
BODY = "the body"
NAME = "shop.example"
"""A name in the certificate of probe-b and probe-strict."""

ROUTES = {
    "two-sidecars": ("probe-a", "probe-b"),
    "no-sidecar": ("probe-plain", "probe-other"),
    "into-a-sidecar": ("probe-plain", "probe-b"),
    "out-of-a-sidecar": ("probe-a", "probe-plain"),
}
"""Who calls whom. A sidecar takes plaintext, too, as long as nobody makes it strict."""

_CHARTS = Path(__file__).parent
_TLS = {"secret": "server"}
_PROBES = {
    "probe-b": {"tls": {**_TLS, "clients": "verified"}},
    "probe-other": {"version": "v1", "sidecar": False, "tls": {**_TLS, "clients": "verified"}},
    "probe-strict": {"version": "v1", "sidecar": True, "tls": {**_TLS, "clients": "required"}},
    "probe-strict-plain": {"version": "v1", "sidecar": False, "tls": {**_TLS, "clients": "required"}},
}


@dataclass(frozen=True)
class Certificates:
    """PEM of what a caller may trust and show.

    Args:
        ca: signed the server's certificate, and the reader's.
        server: shown by every probe that was not left to make its own.
        reader: whom the servers know.
        stranger: whom they do not.
    """

    ca: str
    server: str
    reader: ClientCertificate
    stranger: ClientCertificate


@dataclass(frozen=True)
class Probes:
    """The probes of one namespace."""

    api: ApiClient
    namespace: str

    def __call__(self, name: str) -> Probe:
        """Find a probe by its name."""
        return Probe(name, PodProxy(self.api, self.namespace, name))

    def proxy_log(self, name: str) -> str:
        """The last lines of the sidecar beside a probe."""
        core = client.CoreV1Api(self.api)
        (pod,) = core.list_namespaced_pod(self.namespace, label_selector=f"app={name}").items
        return core.read_namespaced_pod_log(
            pod.metadata.name, self.namespace, container="istio-proxy", tail_lines=200
        )

    @contextmanager
    def strict(self, name: str) -> Iterator[None]:
        """Have a probe's sidecar take mutual TLS only, for a while."""
        objects = client.CustomObjectsApi(self.api)
        where = ("security.istio.io", "v1", self.namespace, "peerauthentications")
        wanted = {
            "apiVersion": "security.istio.io/v1",
            "kind": "PeerAuthentication",
            "metadata": {"name": name},
            "spec": {"selector": {"matchLabels": {"app": name}}, "mtls": {"mode": "STRICT"}},
        }
        objects.create_namespaced_custom_object(*where, wanted)
        try:
            yield
        finally:
            objects.delete_namespaced_custom_object(*where, name)

    def certificates(self) -> Certificates:
        """What the chart of certificates has made."""
        core = client.CoreV1Api(self.api)

        def read(name: str) -> dict[str, str]:
            data = core.read_namespaced_secret(name, self.namespace).data
            return {key: base64.b64decode(value).decode() for key, value in data.items()}

        reader, stranger = read("reader"), read("stranger")
        return Certificates(
            reader["ca.crt"],
            read("server")["tls.crt"],
            ClientCertificate(reader["tls.crt"], reader["tls.key"]),
            ClientCertificate(stranger["tls.crt"], stranger["tls.key"]),
        )


def deploy(cluster: Cluster, helm: Helm, namespace: str, image: str) -> Probes:
    """Install the probes, and wait until each is reached over HTTP by all that call it."""
    helm.ensure(Release("certificates", _CHARTS / "certificates", namespace, {}))
    values = {"images": {"probe": image}, "probes": _PROBES}
    helm.ensure(Release("probe", paths().house / "charts" / "probe", namespace, values))
    probes = Probes(cluster.api, namespace)
    for source, target in ROUTES.values():
        settle(probes(source).get(f"http://{target}:8080/"), served_by(target))
    return probes


def settle(call: Call, check: Check) -> None:
    """Wait until a call has the good answer: a proxy learns of each port in its own time."""
    Expect().converged(call, check, in_a_row=3)


def sent(call: Call) -> Reply:
    """Send a call once, over a connection of its own."""
    (reply,) = call.sender.send(call, ONE).replies
    return reply


def saw(reply: Reply) -> dict[str, Any]:
    """What the probe that answered says that it saw; of a stream, what its last message says."""
    assert reply.failure is None, reply.failure
    return json.loads(reply.body.splitlines()[-1])


@dataclass(frozen=True)
class Spoken:
    """One way to call a probe, and how its good answer looks.

    Args:
        make: makes the call: who calls, who is called, instructions as a query.
        status: of the answer; None where the protocol has none.
        protocol: that the called probe names.
        alpn: that both sides name; None without TLS.
        tls: whether the probes themselves speak TLS.
    """

    make: Callable[..., Call]
    status: int | None
    protocol: str
    alpn: str | None = None
    tls: bool = False


GRPC = "/meshproof.probe.v1.Probe"


def _http(port: int, scheme: str = "http", **said: Any) -> Callable[..., Call]:
    return lambda probe, to, query="": probe.post(f"{scheme}://{to}:{port}/a/b?{query}", BODY, **said)


def _grpc(method: str) -> Callable[..., Call]:
    return lambda probe, to, query="": probe.grpc(f"grpc://{to}:8082{method}?{query}", BODY)


def _tcp(port: int, scheme: str = "tcp", **said: Any) -> Callable[..., Call]:
    return lambda probe, to, query="": probe.tcp(f"{scheme}://{to}:{port}?{query}", BODY, **said)


SPOKEN = {
    "http": Spoken(_http(8080), 200, "http"),
    "http2": Spoken(_http(8081, protocol=Protocol.HTTP2), 200, "http2"),
    "grpc": Spoken(_grpc(""), 200, "grpc"),
    "grpc-watch": Spoken(_grpc(f"{GRPC}/Watch"), 200, "grpc"),
    "grpc-collect": Spoken(_grpc(f"{GRPC}/Collect"), 200, "grpc"),
    "grpc-chat": Spoken(_grpc(f"{GRPC}/Chat"), 200, "grpc"),
    "websocket": Spoken(
        lambda probe, to, query="": probe.websocket(f"ws://{to}:8080/a/b?{query}", BODY), 101, "websocket"
    ),
    "tcp": Spoken(_tcp(8083), None, "tcp"),
    "tcp-first": Spoken(_tcp(8084), None, "tcp"),
    "https": Spoken(_http(8443, "https", tls=Tls(alpn=("http/1.1",))), 200, "http", "http/1.1", tls=True),
    "https-http2": Spoken(_http(8443, "https", protocol=Protocol.HTTP2), 200, "http2", "h2", tls=True),
    "wss": Spoken(
        lambda probe, to, query="": probe.websocket(f"wss://{to}:8443/a/b?{query}", BODY),
        101,
        "websocket",
        "http/1.1",
        tls=True,
    ),
    "tls": Spoken(_tcp(8444, "tls", tls=Tls(alpn=("echo",))), None, "tcp", "echo", tls=True),
}
"""Every protocol that a probe speaks, on every port that it has."""
