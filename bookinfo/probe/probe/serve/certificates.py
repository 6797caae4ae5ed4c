"""X.509: a certificate of the probe's own, and what a client's says.

Kept apart from where TLS is served: the library behind it is loaded only where it is needed.
"""

import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

LIFE = timedelta(days=1)
"""How long a certificate that was made at start is valid."""

CLOCKS_DIFFER = timedelta(minutes=5)
_KINDS = {
    x509.DNSName: "DNS",
    x509.UniformResourceIdentifier: "URI",
    x509.IPAddress: "IP",
    x509.RFC822Name: "email",
}


def self_signed(names: Sequence[str]) -> tuple[bytes, bytes]:
    """Return a new certificate for these DNS names, and its key, both as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    # A common name has 64 characters at most; a pod's name may have more.
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0][:64])])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCKS_DIFFER)
        .not_valid_after(now + LIFE)
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName(n) for n in dict.fromkeys(names)]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    return (
        certificate.public_bytes(serialization.Encoding.PEM),
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
    )


def described(der: bytes) -> dict[str, Any]:
    """Return a certificate's `subject` (RFC 4514), `sans` (such as `DNS:a.example`) and `pem`."""
    certificate = x509.load_der_x509_certificate(der)
    return {
        "subject": certificate.subject.rfc4514_string(),
        "sans": _alternative_names(certificate),
        "pem": certificate.public_bytes(serialization.Encoding.PEM).decode(),
    }


def _alternative_names(certificate: x509.Certificate) -> list[str]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    return [f"{_KINDS[type(name)]}:{name.value}" for name in names if type(name) in _KINDS]


if __name__ == "__main__":
    sys.stdout.buffer.write(b"".join(self_signed(sys.argv[1:])))
