"""TLS as a caller: what a batch says about certificates, as a context; what came of it, as JSON."""

import json
import ssl
from collections.abc import Sequence
from functools import lru_cache

from probe.chain import load_chain
from probe.fields import BadFieldError

VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}


def client_context(
    *, ca: str | None, certificate: tuple[str, str] | None, alpn: Sequence[str], version: str | None
) -> ssl.SSLContext:
    """Return the context for a batch's connections.

    Args:
        ca: PEM of the authorities that the server's certificate is verified against, its name with it;
            None verifies nothing: who answers is what the batch is to find out.
        certificate: PEM of the client's own chain and of its key.
        alpn: the protocols offered, best first.
        version: the one version of TLS that is offered; None offers 1.2 and 1.3.

    Raises:
        BadFieldError: a certificate or key cannot be read.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = VERSIONS[version or "1.2"]
    context.maximum_version = VERSIONS[version or "1.3"]
    if ca is None:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    else:
        try:
            context.load_verify_locations(cadata=ca)
        except (ssl.SSLError, ValueError) as error:
            raise BadFieldError("ca", "holds no PEM certificate that can be read") from error
    if certificate is not None:
        try:
            load_chain(context, "\n".join(certificate).encode())
        except (OSError, ValueError) as error:
            why = getattr(error, "reason", None) or "no PEM"
            raise BadFieldError("client_certificate", f"cannot be used ({why})") from error
    if alpn:
        context.set_alpn_protocols(list(alpn))
    return context


@lru_cache(maxsize=256)
def encoded_tls(version: str | None, alpn: str | None, certificate: bytes | None) -> bytes:
    """Return the JSON that describes a connection's TLS; the certificate comes as DER.

    Equal descriptions are one object: thousands of replies hold the same certificate.
    """
    pem = ssl.DER_cert_to_PEM_cert(certificate) if certificate else None
    return json.dumps({"version": version, "alpn": alpn, "certificate": pem}, separators=(",", ":")).encode()


def describe_tls(tls: ssl.SSLObject | None) -> bytes:
    """Return the JSON of a connection's TLS, "null" for one without it."""
    if tls is None:
        return b"null"
    return encoded_tls(tls.version(), tls.selected_alpn_protocol(), tls.getpeercert(binary_form=True))
