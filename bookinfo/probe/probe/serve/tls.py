"""TLS as the probe serves it: its certificate, and what a handshake showed."""

import os
import ssl
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from probe.chain import load_chain
from probe.identity import Identity

_PLAINTEXT = {"tls": None, "sni": None, "alpn": None, "client_certificate": None}


@dataclass(frozen=True, slots=True)
class Material:
    """Certificate (its chain) and key, as PEM; `client_ca` (PEM) is what clients' certificates are held to.

    Without `client_ca` no certificate is asked for; `client_required` refuses clients that show none.
    """

    certificate: bytes
    key: bytes
    client_ca: str | None = None
    client_required: bool = False

    @classmethod
    def from_environment(cls, identity: Identity, environment: Mapping[str, str] = os.environ) -> "Material":
        """Read the files that TLS_CERTIFICATE, TLS_KEY and TLS_CLIENT_CA name, and TLS_CLIENT_REQUIRED.

        Without certificate and key, a self-signed one is made.

        Raises:
            ValueError: the variables contradict each other.
            OSError: a file cannot be read.
        """
        certificate, key = environment.get("TLS_CERTIFICATE"), environment.get("TLS_KEY")
        ca, required = environment.get("TLS_CLIENT_CA"), environment.get("TLS_CLIENT_REQUIRED", "false")
        if bool(certificate) != bool(key):
            raise ValueError("TLS_CERTIFICATE and TLS_KEY: give both, or neither")
        if required not in {"true", "false"}:
            raise ValueError("TLS_CLIENT_REQUIRED: must be true or false")
        if required == "true" and not ca:
            raise ValueError("TLS_CLIENT_REQUIRED: needs TLS_CLIENT_CA")
        if certificate and key:
            pair = Path(certificate).read_bytes(), Path(key).read_bytes()
        else:
            pair = _self_signed((identity.workload, identity.pod, "localhost"))
        return cls(*pair, Path(ca).read_text() if ca else None, required == "true")


def _self_signed(names: Sequence[str]) -> tuple[bytes, bytes]:
    # In a process of its own: the library for it would stay in memory, a sixth of all that the probe takes.
    command = [sys.executable, "-m", "probe.serve.certificates", *names]
    made = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
    certificate, end, key = made.partition(b"-----END CERTIFICATE-----\n")
    return certificate + end, key


def server_context(material: Material, alpn: Sequence[str]) -> ssl.SSLContext:
    """Return what a server needs to speak TLS; it notes the name that each client asks for."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    load_chain(context, material.certificate + b"\n" + material.key)
    context.set_alpn_protocols(list(alpn))
    if material.client_ca:
        context.load_verify_locations(cadata=material.client_ca)
        context.verify_mode = ssl.CERT_REQUIRED if material.client_required else ssl.CERT_OPTIONAL
    context.sni_callback = _note_name
    return context


def _note_name(connection: Any, name: str | None, _context: ssl.SSLContext) -> None:
    # The ssl module tells a server this name here and nowhere else.
    connection.asked_for = name


def handshake(connection: ssl.SSLObject | None) -> dict[str, Any]:
    """Return what a connection's handshake showed: `tls` (version), `sni`, `alpn`, `client_certificate`."""
    if connection is None:
        return _PLAINTEXT
    shown = connection.getpeercert(binary_form=True)
    return {
        "tls": connection.version(),
        "sni": getattr(connection, "asked_for", None),
        "alpn": connection.selected_alpn_protocol(),
        "client_certificate": _described(shown) if shown else None,
    }


@lru_cache(maxsize=64)
def _described(der: bytes) -> dict[str, Any]:
    # Loaded when the first client shows a certificate: see _self_signed.
    from probe.serve.certificates import described  # noqa: PLC0415

    return described(der)
