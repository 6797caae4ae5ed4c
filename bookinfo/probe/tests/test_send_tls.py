"""TLS: what is offered, what is verified, and the alerts of those who refuse."""

import asyncio
import ssl

import pytest

from probe.failures import ALERTS, failure_of
from tests.peers import failure, hang_up, issue, raw_peer, replies, reset, run, server_context, tls_peer

AUTHORITY, STRANGER = issue("authority"), issue("stranger")
SERVER = issue("localhost", AUTHORITY)
CLIENT, UNKNOWN = issue("client", AUTHORITY), issue("client", STRANGER)

HTTP = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
LINE = b"hi\n"
SCHEMES = {"http": "https", "http2": "https", "grpc": "grpcs", "websocket": "wss", "tcp": "tls"}

VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}


@pytest.fixture
def context(tmp_path):
    def make(version="1.3", **options):
        made = server_context(tmp_path, SERVER, **options)
        made.minimum_version = made.maximum_version = VERSIONS[version]
        return made

    return make


def test_peer_is_described_and_not_verified_unless_told(context):
    async def test():
        made = context()
        made.set_alpn_protocols(["http/1.1"])
        with tls_peer(made, HTTP) as port:
            (reply,) = await replies(url=f"https://127.0.0.1:{port}/")
        assert reply["status"] == 200
        assert reply["tls"] == {"version": "TLSv1.3", "alpn": "http/1.1", "certificate": SERVER.pem}

    run(test())


@pytest.mark.parametrize(("protocol", "answer"), [("http", HTTP), ("tcp", LINE)])
def test_peer_is_verified_against_the_ca_and_the_name(context, protocol, answer):
    async def test():
        with tls_peer(context(), answer) as port:
            url = f"{SCHEMES[protocol]}://127.0.0.1:{port}"
            (reply,) = await replies(protocol=protocol, url=url, ca=AUTHORITY.pem, sni="localhost")
            assert (reply["body"], reply["failure"]) == ("hi", None)
            refused = "the server's certificate was not accepted: "
            assert await failure(protocol=protocol, url=url, ca=STRANGER.pem, sni="localhost") == (
                "tls",
                f"{refused}unable to get local issuer certificate",
                None,
            )
            assert await failure(protocol=protocol, url=url, ca=AUTHORITY.pem, sni="shop.example") == (
                "tls",
                f"{refused}Hostname mismatch, certificate is not valid for 'shop.example'.",
                None,
            )

    run(test())


@pytest.mark.parametrize(("protocol", "answer"), [("http", HTTP), ("tcp", LINE)])
def test_client_certificate_lets_in(context, protocol, answer):
    async def test():
        with tls_peer(context(client_ca=AUTHORITY), answer) as port:
            url = f"{SCHEMES[protocol]}://127.0.0.1:{port}"
            (reply,) = await replies(protocol=protocol, url=url, client_certificate=CLIENT.pair)
            assert (reply["body"], reply["failure"]) == ("hi", None)

    run(test())


@pytest.mark.parametrize("protocol", SCHEMES)
@pytest.mark.parametrize(
    ("version", "shown", "alert"),
    [
        # In TLS 1.3 both come after the handshake, as far as the client can tell.
        ("1.3", None, (116, "certificate_required")),
        ("1.3", UNKNOWN, (48, "unknown_ca")),
        ("1.2", None, (40, "handshake_failure")),
        ("1.2", UNKNOWN, (48, "unknown_ca")),
    ],
)
def test_refused_client_certificate_is_an_alert(context, protocol, version, shown, alert):
    async def test():
        with tls_peer(context(version, client_ca=AUTHORITY), b"") as port:
            batch = {} if shown is None else {"client_certificate": shown.pair}
            got = await replies(
                protocol=protocol,
                url=f"{SCHEMES[protocol]}://127.0.0.1:{port}",
                count=20,
                concurrency=4,
                **batch,
            )
            expected = {
                "kind": "tls",
                "detail": f"alert {alert[0]} ({alert[1]}) from the peer",
                "alert": alert[0],
            }
            assert [reply["failure"] for reply in got] == [expected] * 20

    run(test())


@pytest.mark.parametrize("protocol", SCHEMES)
@pytest.mark.parametrize(("server", "client"), [("1.2", "1.3"), ("1.3", "1.2")])
def test_version_that_the_peer_does_not_speak_is_alert_70(context, protocol, server, client):
    async def test():
        with tls_peer(context(server), b"") as port:
            got = await failure(
                protocol=protocol, url=f"{SCHEMES[protocol]}://127.0.0.1:{port}", tls_version=client
            )
            assert got == ("tls", "alert 70 (protocol_version) from the peer", 70)

    run(test())


@pytest.mark.parametrize("protocol", SCHEMES)
def test_unrecognized_name_is_alert_112(context, protocol):
    async def test():
        made = context()
        made.sni_callback = lambda _sock, name, _context: (
            None if name == "shop.example" else ssl.AlertDescription.ALERT_DESCRIPTION_UNRECOGNIZED_NAME
        )
        with tls_peer(made, LINE if protocol == "tcp" else HTTP) as port:
            url = f"{SCHEMES[protocol]}://localhost:{port}"
            assert (await failure(protocol=protocol, url=url))[2] == 112
            (reply,) = await replies(protocol=protocol, url=url, sni="shop.example")
            assert (reply["failure"] or {}).get("alert") is None

    run(test())


@pytest.mark.parametrize("protocol", SCHEMES)
@pytest.mark.parametrize(
    ("behave", "failed"),
    [
        (hang_up, ("closed", "connection closed within the TLS handshake", None)),
        (reset, ("reset", "connection reset by peer", None)),
    ],
)
def test_end_within_the_handshake_has_its_kind(protocol, behave, failed):
    async def test():
        async def hello(reader, writer):
            await reader.read(1 << 16)
            await behave(reader, writer)

        async with raw_peer(hello, scheme=SCHEMES[protocol], until=b"") as url:
            assert await failure(protocol=protocol, url=url) == failed

    run(test())


@pytest.mark.parametrize("protocol", SCHEMES)
def test_peer_without_tls_is_tls_without_alert(protocol):
    async def test():
        async def plain(reader, writer):
            await reader.read(1 << 16)
            writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            await writer.drain()
            await asyncio.sleep(0.05)

        async with raw_peer(plain, scheme=SCHEMES[protocol], until=b"") as url:
            kind, _, alert = await failure(protocol=protocol, url=url)
            assert (kind, alert) == ("tls", None)

    run(test())


@pytest.mark.parametrize(
    ("reason", "alert"),
    [
        ("SSLV3_ALERT_HANDSHAKE_FAILURE", 40),
        ("SSLV3_ALERT_CERTIFICATE_EXPIRED", 45),
        ("TLSV1_ALERT_UNKNOWN_CA", 48),
        ("TLSV1_ALERT_PROTOCOL_VERSION", 70),
        ("TLSV1_UNRECOGNIZED_NAME", 112),
        ("TLSV13_ALERT_CERTIFICATE_REQUIRED", 116),
        ("TLSV1_ALERT_NO_APPLICATION_PROTOCOL", 120),
        ("WRONG_VERSION_NUMBER", None),
        ("CERTIFICATE_VERIFY_FAILED", None),
    ],
)
def test_names_of_openssl_become_numbers(reason, alert):
    error = ssl.SSLError(1, f"[SSL: {reason}] …")
    error.reason = reason
    assert failure_of(error).alert == alert


def test_table_of_alerts_has_no_number_twice():
    assert len(set(ALERTS.values())) == len(ALERTS)
