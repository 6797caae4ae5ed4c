"""Certificates that tests make are such as a TLS peer accepts, and are told apart."""

import socket
import ssl
from datetime import UTC, datetime, timedelta
from threading import Thread

import pytest
from cryptography import x509

from meshproof.certificates import LIFE, Authority, same, words_of


@pytest.fixture(scope="module")
def authority():
    return Authority.named("test")


def met(tmp_path, authority, certificate, name, *, trusted=None):
    """The certificate that a client sees which trusts only the authority, and asks for the name."""
    chain = tmp_path / "server.pem"
    chain.write_text(certificate.pem + certificate.key)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(chain)
    client = ssl.create_default_context(cadata=(trusted or authority).pem)
    # As strict as the library can be: what it accepts, a proxy accepts.
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    near, far = socket.socketpair()

    def serve():
        with far:
            try:
                server.wrap_socket(far, server_side=True).close()
            except OSError:
                return

    thread = Thread(target=serve)
    thread.start()
    try:
        with near, client.wrap_socket(near, server_hostname=name) as connection:
            return ssl.DER_cert_to_PEM_cert(connection.getpeercert(binary_form=True))
    finally:
        near.close()
        thread.join()


def test_who_trusts_the_authority_accepts_its_certificates(tmp_path, authority):
    certificate = authority.issue("red.example", "blue.example")
    for name in ("red.example", "blue.example"):
        assert same(met(tmp_path, authority, certificate, name), certificate.pem)


def test_a_certificate_is_of_its_names_alone(tmp_path, authority):
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        met(tmp_path, authority, authority.issue("red.example"), "blue.example")


def test_a_stranger_trusts_none(tmp_path, authority):
    other = Authority.named("test")
    with pytest.raises(ssl.SSLCertVerificationError):
        met(tmp_path, authority, authority.issue("red.example"), "red.example", trusted=other)


def test_a_renewed_certificate_has_a_serial_of_its_own(authority):
    one, two = authority.issue("red.example"), authority.issue("red.example")
    assert one.serial != two.serial
    assert not same(one.pem, two.pem)
    assert x509.load_pem_x509_certificate(one.pem.encode()).serial_number == one.serial


def test_certificates_are_valid_now_and_not_for_long(authority):
    now = datetime.now(UTC)
    for pem in (authority.pem, authority.issue("red.example").pem):
        found = x509.load_pem_x509_certificate(pem.encode())
        assert (
            found.not_valid_before_utc < now < found.not_valid_after_utc < now + LIFE + timedelta(seconds=9)
        )


def test_words_say_whose_it_is_and_which(authority):
    one = authority.issue("red.example", "blue.example")
    assert str(one) == words_of(one.pem)
    assert str(one).startswith("certificate of red.example, blue.example (serial ending in ")
    assert str(one) != str(authority.issue("red.example", "blue.example"))
    assert words_of(authority.pem).startswith("certificate of CN=test (")


def test_long_names_fit(authority):
    name = f"{'a' * 60}.example.org"
    assert name in str(authority.issue(name))


def test_keys_are_not_printed(authority):
    assert "PRIVATE" not in repr(authority.issue("red.example"))
    assert "key" not in repr(authority)


def test_what_is_no_certificate_is_refused():
    with pytest.raises(ValueError, match="PEM"):
        words_of("no certificate")
