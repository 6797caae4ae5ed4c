"""A chain and its key reach OpenSSL whole, whatever their length."""

import ssl

import pytest

from probe.chain import load_chain
from tests.peers import issue

ISSUED = issue("localhost")


@pytest.fixture
def context():
    return ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)


@pytest.mark.parametrize("parts", [(ISSUED.pem, ISSUED.key_pem), (ISSUED.key_pem, ISSUED.pem)])
def test_certificate_and_key_are_loaded_in_any_order(context, parts):
    load_chain(context, "".join(parts).encode())


def test_key_behind_a_long_chain_is_loaded(context):
    load_chain(context, (ISSUED.pem * 400 + ISSUED.key_pem).encode())


def test_key_of_another_certificate_is_an_error(context):
    with pytest.raises(ssl.SSLError, match="KEY_VALUES_MISMATCH"):
        load_chain(context, (ISSUED.pem + issue("other").key_pem).encode())
