"""A batch that cannot be run is refused, and the refusal names the field."""

import json
import ssl

import pytest

from probe.batch import parse_batch
from probe.fields import BadFieldError
from tests.peers import issue, run, running_control

GOOD = {"url": "http://reviews:9080/reviews/0"}
URL_OF = {
    "http": "http://a/",
    "http2": "http://a/",
    "http3": "https://a/",
    "grpc": "grpc://a:1",
    "websocket": "ws://a/",
    "tcp": "tcp://a:1",
}
CERTIFICATE = issue("client")
OTHER = issue("other")


def parse(**batch):
    return parse_batch(json.dumps(batch).encode())


def test_defaults_are_one_get():
    batch = parse(**GOOD)
    assert (batch.protocol, batch.method, batch.count, batch.concurrency) == ("http", "GET", 1, 1)
    assert (batch.timeout, batch.body_limit, batch.new_connections) == (5.0, 65536, False)
    assert (batch.tls, batch.server_name, batch.host, batch.keep_headers) == (None, None, None, None)
    assert batch.authority == "reviews:9080"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"count": 0}, "count: must be 1..20000"),
        ({"count": 20001}, "count: must be 1..20000"),
        ({"count": True}, "count: must be 1..20000"),
        ({"count": "20"}, "count: must be 1..20000"),
        ({"count": None}, "count: must be 1..20000"),
        ({"concurrency": 257}, "concurrency: must be 1..256"),
        ({"rate": -1}, "rate: must be calls per second, 0..10000 (0: no pace)"),
        ({"rate": "5"}, "rate: must be calls per second, 0..10000 (0: no pace)"),
        ({"timeout": 0}, "timeout: must be seconds above 0, at most 300"),
        ({"timeout": "5"}, "timeout: must be seconds above 0, at most 300"),
        ({"timeout": float("nan")}, "timeout: must be seconds above 0, at most 300"),
        ({"deadline": 901}, "deadline: must be seconds above 0, at most 900"),
        ({"protocol": "gopher"}, "protocol: must be http, http2, http3, grpc, websocket or tcp"),
        ({"protocol": ["http"]}, "protocol: must be http, http2, http3, grpc, websocket or tcp"),
        ({"method": "get"}, "method: must be 1..20 capital letters"),
        ({"url": "reviews:9080"}, "url: must be http://host[:port]/path, or https:// for TLS"),
        ({"url": "ftp://reviews/"}, "url: must be http://host[:port]/path, or https:// for TLS"),
        ({"url": "http:///x"}, "url: must be http://host[:port]/path, or https:// for TLS"),
        ({"url": "http://a:b@c/"}, "url: must not carry a user or password; send an authorization header"),
        ({"url": "http://a/#b"}, "url: must not carry a fragment; it is never sent"),
        ({"url": "http://a/ b"}, "url: must be 1..8192 printable ASCII characters without spaces"),
        ({"url": 7}, "url: must be 1..8192 printable ASCII characters without spaces"),
        ({"headers": ["a"]}, "headers: must be an object of names and texts"),
        ({"headers": {"a b": "c"}}, "headers: 'a b' is no header name"),
        ({"headers": {"a": "b\r\nc: d"}}, "headers: value of a must be text without control characters"),
        ({"headers": {"a": 1}}, "headers: value of a must be text without control characters"),
        ({"headers": {"Host": "a/b"}}, "headers: value of Host must be host[:port], 1..255 characters"),
        ({"headers": {"Host": "a"}, "host": "b"}, "host: is given twice, here and among the headers"),
        ({"host": "a/b"}, "host: must be host[:port], 1..255 characters"),
        ({"host": ""}, "host: must be host[:port], 1..255 characters"),
        ({"keep_headers": "a"}, "keep_headers: must be a list of header names"),
        ({"keep_headers": ["a", 1]}, "keep_headers: 1 is no header name"),
        ({"body": 1}, "body: must be text"),
        ({"body": "\ud800"}, "body: must be text that UTF-8 can carry"),
        ({"body": "x" * 1048577}, "body: must be at most 1048576 bytes"),
        ({"new_connections": 1}, "new_connections: must be true or false"),
        ({"body_limit": -1}, "body_limit: must be 0..1048576"),
        ({"count": 4200}, "body_limit: must be 0..998 for 4200 calls"),
    ],
)
def test_wrong_field_is_named(change, message):
    with pytest.raises(BadFieldError) as error:
        parse(**(GOOD | change))
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sni": "10.0.0.1"}, "sni: must be a DNS name (no address, no port)"),
        ({"sni": "a:443"}, "sni: must be a DNS name (no address, no port)"),
        ({"sni": ".a"}, "sni: must be a DNS name (no address, no port)"),
        ({"ca": "nothing"}, "ca: must be PEM text"),
        (
            {"ca": "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----"},
            "ca: holds no PEM certificate that can be read",
        ),
        (
            {"client_certificate": {"certificate": "x"}},
            "client_certificate: must be an object of certificate and key, both PEM text",
        ),
        (
            {"client_certificate": {"certificate": CERTIFICATE.pem, "key": "x"}},
            "client_certificate: certificate and key must be PEM text",
        ),
        (
            {"client_certificate": {"certificate": CERTIFICATE.pem, "key": OTHER.key_pem}},
            "client_certificate: cannot be used (KEY_VALUES_MISMATCH)",
        ),
        ({"alpn": "h2"}, "alpn: must be a list of at most 16 protocol names, such as h2"),
        ({"alpn": [""]}, "alpn: must be a list of at most 16 protocol names, such as h2"),
        ({"tls_version": "1.1"}, "tls_version: must be 1.2 or 1.3"),
    ],
)
def test_wrong_field_of_tls_is_named(change, message):
    with pytest.raises(BadFieldError) as error:
        parse(url="https://a/", **change)
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("protocol", "url", "message"),
    [
        ("http2", "ws://a/", "url: must be http://host[:port]/path, or https:// for TLS"),
        ("grpc", "grpc://a", "url: must be grpc://host:port[/package.Service/Method], or grpcs:// for TLS"),
        (
            "grpc",
            "grpc://a:1/x",
            "url: must be grpc://host:port[/package.Service/Method], or grpcs:// for TLS",
        ),
        ("http3", "http://a/", "url: must be https://host[:port]/path"),
        ("websocket", "http://a/", "url: must be ws://host[:port]/path, or wss:// for TLS"),
        ("tcp", "tcp://a", "url: must be tcp://host:port, or tls:// for TLS"),
        ("tcp", "tcp://a:1/path", "url: must be tcp://host:port, or tls:// for TLS"),
    ],
)
def test_url_must_suit_the_protocol(protocol, url, message):
    with pytest.raises(BadFieldError) as error:
        parse(protocol=protocol, url=url)
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("protocol", "change", "message"),
    [
        ("tcp", {"method": "GET"}, "method: makes no sense with protocol tcp"),
        ("grpc", {"method": "POST"}, "method: makes no sense with protocol grpc"),
        ("tcp", {"headers": {"a": "b"}}, "headers: makes no sense with protocol tcp"),
        ("tcp", {"host": "a"}, "host: makes no sense with protocol tcp"),
        ("http", {"server_first": True}, "server_first: makes no sense with protocol http"),
        ("http", {"sni": "a"}, "sni: makes no sense without TLS (write the URL with https://)"),
        ("tcp", {"ca": CERTIFICATE.pem}, "ca: makes no sense without TLS (write the URL with tls://)"),
        ("grpc", {"alpn": ["h2"]}, "alpn: makes no sense without TLS (write the URL with grpcs://)"),
        ("http2", {"headers": {"Upgrade": "x"}}, "headers: Upgrade cannot be sent with protocol http2"),
        ("grpc", {"headers": {"te": "x"}}, "headers: te cannot be sent with protocol grpc"),
        ("http3", {"headers": {"Connection": "x"}}, "headers: Connection cannot be sent with protocol http3"),
        ("http3", {"tls_version": "1.2"}, "tls_version: must be 1.3: QUIC has no other"),
        (
            "http3",
            {"body": "x" * (1 << 20), "count": 60, "concurrency": 17},
            "body: must be 0..986895 bytes for 17 calls of http3 at once",
        ),
        ("tcp", {"body": "a\nb"}, "body: must be one line: with protocol tcp a line is a call"),
    ],
)
def test_field_without_sense_is_refused(protocol, change, message):
    with pytest.raises(BadFieldError) as error:
        parse(protocol=protocol, url=URL_OF[protocol], **change)
    assert str(error.value) == message


def test_empty_fields_say_nothing_and_are_accepted():
    batch = parse(
        protocol="tcp",
        url="tcp://a:1",
        headers={},
        host=None,
        sni=None,
        ca=None,
        client_certificate=None,
        alpn=None,
        server_first=False,
    )
    assert batch.tls is None


def test_header_host_is_the_host():
    batch = parse(protocol="http2", url="http://a/", headers={"Host": "shop.example", "x": "y"})
    assert (batch.authority, batch.headers) == ("shop.example", {"x": "y"})


def test_tls_names_the_host_of_the_url_unless_told_otherwise():
    assert parse(url="https://reviews.shop.:8443/").server_name == "reviews.shop"
    assert (
        parse(url="https://reviews/", sni="outbound_.9080_._.reviews").server_name
        == "outbound_.9080_._.reviews"
    )


def test_tls_verifies_against_the_ca_that_is_given_alone():
    assert parse(url="https://a/").tls.verify_mode is ssl.CERT_NONE
    verified = parse(url="https://a/", ca=CERTIFICATE.pem, tls_version="1.2").tls
    assert verified.verify_mode is ssl.CERT_REQUIRED
    assert verified.check_hostname
    assert len(verified.get_ca_certs()) == 1
    assert verified.maximum_version is ssl.TLSVersion.TLSv1_2


def test_http3_says_about_certificates_what_the_others_say():
    batch = parse(protocol="http3", url="https://a/", sni="b", ca=CERTIFICATE.pem, alpn=["x"])
    assert (batch.tls, batch.server_name, batch.secure) == (None, "b", True)
    assert (batch.quic.server_name, batch.quic.alpn_protocols) == ("b", ["x"])
    assert batch.quic.verify_mode is ssl.CERT_REQUIRED
    assert batch.quic.cadata.decode() == CERTIFICATE.pem
    assert parse(protocol="http3", url="https://a/").quic.verify_mode is ssl.CERT_NONE
    assert parse(protocol="http3", url="https://a/").quic.alpn_protocols == ["h3"]
    assert not parse(url="http://a/").secure
    shown = {"certificate": CERTIFICATE.pem, "key": OTHER.key_pem}
    with pytest.raises(BadFieldError, match="KEY_VALUES_MISMATCH"):
        parse(protocol="http3", url="https://a/", client_certificate=shown)


@pytest.mark.parametrize(
    ("text", "beginning"),
    [
        (b"", "batch: "),
        (b"[]", "batch: "),
        (b"\xff", "batch: "),
        (b'{"a":' * 100000, "batch: "),
        (b"{}", "url: must be given"),
        (b'{"url": null}', "url: must be given"),
        (b'{"url": "http://a:port/"}', "url: is no URL"),
        (b'{"url": "http://a:99999/"}', "url: is no URL"),
        (b'{"url": "http://a/", "concurency": 1}', "concurency: unknown field"),
    ],
)
def test_wrong_document_is_refused(text, beginning):
    with pytest.raises(BadFieldError) as error:
        parse_batch(text)
    assert str(error.value).startswith(beginning)


def test_control_api_answers_a_bad_batch_with_422():
    async def test():
        async with running_control() as control:
            assert await control.send(**GOOD, count=0) == (422, {"error": "count: must be 1..20000"})

    run(test())
