"""Certificates for a test: an authority of its own signs them, and nobody trusts them for long."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LIFE = timedelta(hours=2)
"""For how long a certificate is valid: longer than a run takes, too short to be of use to anybody else."""

_CLOCKS_DIFFER = timedelta(minutes=5)
_LONGEST_COMMON_NAME = 64


@dataclass(frozen=True)
class Certificate:
    """A certificate that an authority has signed, and its key; the key is never printed.

    Args:
        pem: the certificate.
        key: PEM of its private key, without a password.
        serial: its number, as its peers read it.
    """

    pem: str
    key: str = field(repr=False)
    serial: int

    def __str__(self) -> str:
        """Return it as a miss names it."""
        return words_of(self.pem)


@dataclass(frozen=True)
class Authority:
    """Signs certificates that only those accept who were told of it.

    Args:
        pem: its own certificate, which peers are given to trust.
        key: signs.
    """

    pem: str
    key: ec.EllipticCurvePrivateKey = field(repr=False)

    @classmethod
    def named(cls, name: str) -> Self:
        """Return a new one, that nobody has heard of.

        Args:
            name: its common name, 64 characters at most.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        subject = _subject(name)
        builder = (
            _builder(subject, subject, key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(signs_certificates=True), critical=True)
        )
        return cls(_pem(builder.sign(key, hashes.SHA256())), key)

    def issue(self, *names: str) -> Certificate:
        """Return a new certificate for these DNS names, to be shown by a server or by a client.

        Args:
            names: one at least; the first is its common name too.
        """
        own = x509.load_pem_x509_certificate(self.pem.encode())
        key = ec.generate_private_key(ec.SECP256R1())
        builder = (
            _builder(_subject(names[0]), own.subject, key.public_key())
            .add_extension(x509.SubjectAlternativeName(map(x509.DNSName, names)), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs_certificates=False), critical=True)
            .add_extension(
                x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]),
                critical=False,
            )
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False
            )
        )
        signed = builder.sign(self.key, hashes.SHA256())
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return Certificate(_pem(signed), private.decode(), signed.serial_number)


def same(one: str, other: str) -> bool:
    """Return whether two texts are PEM of the same certificate, however their lines are broken."""
    return x509.load_pem_x509_certificate(one.encode()) == x509.load_pem_x509_certificate(other.encode())


def words_of(pem: str) -> str:
    """Return a certificate in words: whose it is, and which of theirs.

    Raises:
        ValueError: it is no certificate.
    """
    certificate = x509.load_pem_x509_certificate(pem.encode())
    names = ", ".join(_names(certificate)) or certificate.subject.rfc4514_string() or "nobody"
    return f"certificate of {names} (serial ending in {certificate.serial_number % (1 << 32):08x})"


def _names(certificate: x509.Certificate) -> Iterable[str]:
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return ()
    return found.value.get_values_for_type(x509.DNSName)


def _subject(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:_LONGEST_COMMON_NAME])])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCKS_DIFFER)
        .not_valid_after(now + LIFE)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()
