"""TLS: what a handshake showed, and the alert that says why it was refused."""

import ssl
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509

from probe.identity import Identity
from probe.serve import tls_layer
from probe.serve.certificates import self_signed
from probe.serve.tls import Material
from tests.peers import run
from tests.serving import IDENTITY, MATERIAL, client_context, line_to, raw_http, served

CLIENT, CLIENT_KEY = self_signed(("client.example",))
STRANGER = self_signed(("stranger.example",))


def asking(*, required):
    return Material(MATERIAL.certificate, MATERIAL.key, CLIENT.decode(), required)


def showing(tmp_path, certificate, key):
    context = client_context()
    file = tmp_path / "client.pem"
    file.write_bytes(certificate + key)
    context.load_cert_chain(file)
    return context


@pytest.mark.parametrize(
    ("offered", "agreed"),
    [((), None), (("http/1.1",), "http/1.1"), (("http/1.1", "echo"), "echo"), (("x",), None)],
)
def test_name_and_alpn_are_seen(offered, agreed):
    async def test():
        async with served() as ports, line_to(ports.tls, client_context(*offered), "shop.example") as line:
            seen = await line.ask("hello")
            assert (seen["tls"], seen["sni"], seen["alpn"]) == ("TLSv1.3", "shop.example", agreed)
            assert seen["client_certificate"] is None

    run(test())


@pytest.mark.parametrize("required", [True, False])
def test_clients_certificate_is_seen(tmp_path, required):
    async def test():
        async with (
            served(asking(required=required)) as ports,
            line_to(ports.tls, showing(tmp_path, CLIENT, CLIENT_KEY)) as line,
        ):
            seen = (await line.ask("hello"))["client_certificate"]
            assert seen == {
                "subject": "CN=client.example",
                "sans": ["DNS:client.example"],
                "pem": CLIENT.decode(),
            }

    run(test())


def test_certificate_that_is_not_required_may_be_missing():
    async def test():
        async with served(asking(required=False)) as ports, line_to(ports.tls, client_context()) as line:
            assert (await line.ask("hello"))["client_certificate"] is None

    run(test())


async def hello(ports):
    async with line_to(ports.tls, client_context()) as line:
        await line.ask("hello")


async def http(ports):
    await raw_http(ports.https, "", context=client_context())


@pytest.mark.parametrize("call", [hello, http])
def test_missing_certificate_is_refused_with_its_alert(call):
    async def test():
        async with served(asking(required=True)) as ports:
            with pytest.raises(ssl.SSLError, match="ALERT_CERTIFICATE_REQUIRED"):
                await call(ports)

    run(test())


def test_missing_certificate_is_refused_with_its_alert_in_tls_1_2():
    async def test():
        context = client_context()
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        async with served(asking(required=True)) as ports:
            with pytest.raises(ssl.SSLError, match="ALERT_HANDSHAKE_FAILURE"):
                async with line_to(ports.tls, context):
                    pass

    run(test())


@pytest.mark.parametrize("required", [True, False])
def test_strangers_certificate_is_refused_with_its_alert(tmp_path, required):
    async def test():
        async with served(asking(required=required)) as ports:
            with pytest.raises(ssl.SSLError, match="ALERT_UNKNOWN_CA"):
                async with line_to(ports.tls, showing(tmp_path, *STRANGER)) as line:
                    await line.ask("hello")

    run(test())


def test_broken_handshake_is_refused_with_its_alert():
    async def test():
        async with served() as ports, line_to(ports.tls) as line:
            line.writer.write(b"\x16\x03\x01\x00\x04oops")
            # A record of type 21 is an alert; 2 is fatal, 10 an unexpected message.
            answer = await line.reader.read()
            assert (answer[0], answer[5], answer[6]) == (21, 2, 10)

    run(test())


def test_handshake_has_its_time(monkeypatch):
    monkeypatch.setattr(tls_layer, "HANDSHAKE", 0.05)

    async def test():
        async with served() as ports, line_to(ports.tls) as line:
            assert await line.reader.read() == b""

    run(test())


def test_large_body_comes_back_whole():
    async def test():
        async with served() as ports, line_to(ports.tls, client_context()) as line:
            body = "0123456789" * 100_000
            assert (await line.ask(body))["body"] == body

    run(test())


def test_certificate_made_at_start_names_the_probe_for_a_day():
    material = Material.from_environment(IDENTITY, {})
    (certificate,) = x509.load_pem_x509_certificates(material.certificate)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["probe-a", IDENTITY.pod, "localhost"]
    assert timedelta(hours=23) < certificate.not_valid_after_utc - datetime.now(UTC) <= timedelta(days=1)
    assert (material.client_ca, material.client_required) == (None, False)


def test_certificate_is_read_from_files(tmp_path):
    for name, text in (("c", CLIENT), ("k", CLIENT_KEY)):
        (tmp_path / name).write_bytes(text)
    given = {"TLS_CERTIFICATE": str(tmp_path / "c"), "TLS_KEY": str(tmp_path / "k")}
    asked = {"TLS_CLIENT_CA": str(tmp_path / "c"), "TLS_CLIENT_REQUIRED": "true"}
    assert Material.from_environment(IDENTITY, given) == Material(CLIENT, CLIENT_KEY)
    assert Material.from_environment(IDENTITY, given | asked) == Material(
        CLIENT, CLIENT_KEY, CLIENT.decode(), client_required=True
    )


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"TLS_KEY": "k"}, "TLS_CERTIFICATE and TLS_KEY: give both, or neither"),
        ({"TLS_CLIENT_REQUIRED": "yes"}, "TLS_CLIENT_REQUIRED: must be true or false"),
        ({"TLS_CLIENT_REQUIRED": "true"}, "TLS_CLIENT_REQUIRED: needs TLS_CLIENT_CA"),
    ],
)
def test_contradicting_variables_are_refused(environment, message):
    with pytest.raises(ValueError, match=message):
        Material.from_environment(Identity("p", "p", "v1"), environment)
