"""QUIC as a caller: what a batch says about certificates, as a configuration; what came of it, as JSON.

QUIC brings its own TLS 1.3: the module for OpenSSL, which all else goes by, does not speak it.
"""

import ssl
from collections.abc import Sequence

from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection
from aioquic.tls import AlertDescription
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from probe.fields import BadFieldError
from probe.tls_client import client_context, encoded_tls

VERSION = "1.3"
"""Of TLS, the only one in QUIC."""

PATIENCE = 900.0
"""Seconds until this side gives a silent connection up: no batch is longer."""

CRYPTO_ERRORS = range(0x100, 0x200)
"""Error codes of QUIC that are alerts of TLS."""

OUR_DOUBTS = frozenset({AlertDescription.bad_certificate, AlertDescription.certificate_expired})
"""Alerts that this side sends when it does not accept a certificate."""


def client_configuration(
    *,
    ca: str | None,
    certificate: tuple[str, str] | None,
    alpn: Sequence[str],
    version: str | None,
    server_name: str,
) -> QuicConfiguration:
    """Return the configuration for a batch's connections.

    Args:
        ca: as with TLS over TCP.
        certificate: as with TLS over TCP.
        alpn: the protocols offered, best first.
        version: of TLS.
        server_name: for SNI; `ca` verifies it.

    Raises:
        BadFieldError: a certificate or key cannot be read, or QUIC has no such version.
    """
    if version not in {None, VERSION}:
        raise BadFieldError("tls_version", f"must be {VERSION}: QUIC has no other")
    # Says what is wrong in the same words, whatever the protocol.
    client_context(ca=ca, certificate=certificate, alpn=alpn, version=VERSION)
    configuration = QuicConfiguration(
        alpn_protocols=list(alpn) or None,
        idle_timeout=PATIENCE,
        server_name=server_name,
        verify_mode=ssl.CERT_NONE if ca is None else ssl.CERT_REQUIRED,
    )
    if ca is not None:
        # Written anew: the library takes nothing but certificates, one right behind the other.
        known = x509.load_pem_x509_certificates(ca.encode())
        configuration.cadata = b"".join(one.public_bytes(Encoding.PEM) for one in known)
    if certificate is not None:
        chain, key = certificate
        configuration.certificate, *rest = x509.load_pem_x509_certificates(chain.encode())
        configuration.certificate_chain = rest
        configuration.private_key = load_pem_private_key(key.encode(), None)
    return configuration


def describe_quic(quic: QuicConnection, alpn: str | None) -> bytes:
    """Return the JSON of a connection's TLS, once its handshake is done."""
    shown = quic.tls._peer_certificate  # noqa: SLF001 - it is kept nowhere else
    return encoded_tls(f"TLSv{VERSION}", alpn, shown.public_bytes(Encoding.DER) if shown else None)


def alert_name(number: int) -> str:
    """Return the name of an alert of TLS."""
    try:
        return AlertDescription(number).name
    except ValueError:
        return "unknown alert"
