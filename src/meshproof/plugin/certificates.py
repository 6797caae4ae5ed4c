"""Fixtures for what is encrypted: the run's own authority, and certificates where a gateway finds them."""

from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import pytest
from kubernetes import client
from kubernetes.client import ApiClient, ApiException

from meshproof.certificates import Authority, Certificate
from meshproof.run import Run
from meshproof.traffic import Call
from meshproof.traffic.probe import Probe
from meshproof.traffic.protocol import ClientCertificate, Tls


class Certificates:
    """Certificates in the run's namespace.

    Written and never read: who proves behaviours needs no right to read a Secret.

    Args:
        api: the cluster's API server.
        run: whose namespace and labels.
    """

    def __init__(self, api: ApiClient, run: Run) -> None:
        # Any: what the client takes for a body carries no types.
        self._core: Any = client.CoreV1Api(api)
        self._namespace = run.namespace
        self._labels = dict(run.labels)
        self._there: dict[tuple[str, str], None] = {}

    def put(self, name: str, certificate: Certificate, *, clients: Authority | None = None) -> None:
        """Have a Secret hold this certificate and its key, whatever it held before.

        Args:
            name: of the Secret.
            certificate: what is to be shown.
            clients: whose certificates are taken from callers, for a gateway that asks for them.
        """
        parts = {"tls.crt": certificate.pem, "tls.key": certificate.key}
        self._put("secret", name, parts | ({} if clients is None else {"ca.crt": clients.pem}))

    def put_broken(self, name: str, certificate: Certificate, key_of: Certificate) -> None:
        """Have a Secret hold a certificate with the key of another, which no server can use."""
        self._put("secret", name, {"tls.crt": certificate.pem, "tls.key": key_of.key})

    def trust(self, name: str, authority: Authority) -> None:
        """Have a ConfigMap name the authority whose certificates are taken, as the Gateway API has it."""
        self._put("config_map", name, {"ca.crt": authority.pem})

    def remove(self, *names: str) -> None:
        """Delete those of these names, or all of them when none is given; gone already is fine."""
        for kind, name in tuple(self._there):
            if names and name not in names:
                continue
            try:
                getattr(self._core, f"delete_namespaced_{kind}")(name, self._namespace)
            except ApiException as error:
                if error.status != HTTPStatus.NOT_FOUND:
                    raise
            del self._there[kind, name]

    def _put(self, kind: str, name: str, texts: dict[str, str]) -> None:
        body: dict[str, Any] = {"metadata": {"name": name, "labels": self._labels}}
        body |= {"type": "kubernetes.io/tls", "stringData": texts} if kind == "secret" else {"data": texts}
        self._there[kind, name] = None
        try:
            getattr(self._core, f"create_namespaced_{kind}")(self._namespace, body)
        except ApiException as error:
            if error.status != HTTPStatus.CONFLICT:
                raise
            getattr(self._core, f"replace_namespaced_{kind}")(name, self._namespace, body)


@dataclass(frozen=True)
class Edge:
    """The encrypted port of the run's gateway, for those who call it from outside the mesh.

    Args:
        sender: has no sidecar, so that what it sends is what arrives.
        address: of the gateway, within the cluster.
        authority: whose certificates the callers trust, and no others.
    """

    sender: Probe
    address: str
    authority: Authority

    def get(self, host: str, *, client: Certificate | None = None) -> Call:
        """Return a GET of a host, by a caller who may show a certificate."""
        return self.sender.get(self.url("https"), host=host, tls=self.tls(host, client=client))

    def url(self, scheme: str) -> str:
        """Return where calls go, in whatever protocol."""
        return f"{scheme}://{self.address}:443/"

    def tls(self, host: str, *, client: Certificate | None = None) -> Tls:
        """Return how a call does its TLS: it asks for the host, and takes no other's certificate."""
        shown = None if client is None else ClientCertificate(client.pem, client.key)
        return Tls(sni=host, ca=self.authority.pem, client=shown)


@pytest.fixture(scope="session")
def authority() -> Authority:
    """Return who signs the run's certificates; nobody else trusts it."""
    return Authority.named("meshproof")


@pytest.fixture(scope="module")
def certificates(api: ApiClient, run: Run) -> Iterator[Certificates]:
    """Return what puts certificates into the run's namespace; they go with the module."""
    found = Certificates(api, run)
    yield found
    found.remove()


@pytest.fixture(scope="session")
def edge(plain_probe: Probe, run: Run, authority: Authority) -> Edge:
    """Return the encrypted port of the run's gateway, as callers from outside the mesh have it."""
    return Edge(plain_probe, f"gateway.{run.namespace}", authority)
