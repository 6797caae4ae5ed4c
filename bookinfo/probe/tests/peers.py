"""A probe to call, peers that misbehave, certificates, and a batch to send them."""

import asyncio
import datetime as dt
import json
import socket
import ssl
import struct
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import h2.config
import h2.connection
import h2.events
import h2.settings
import uvloop
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from h2.settings import SettingCodes

from probe.batch import parse_batch
from probe.control import control_runner
from probe.identity import Identity
from probe.listen import listening_socket
from probe.seen import Seen
from probe.send.run import encode_answer, run_batch

IDENTITY = Identity(pod="probe-a-5d6f-x2k9p", workload="probe-a", version="v1")


def run(test: Awaitable[None]) -> None:
    """Run a test on the loop that the probe uses."""
    uvloop.run(test)


async def send(stop: asyncio.Event | None = None, **batch: Any) -> dict[str, Any]:
    """Send a batch without a control API; return its answer."""
    outcome = await run_batch(parse_batch(json.dumps(batch).encode()), stop or asyncio.Event())
    return json.loads(b"".join([piece async for piece in encode_answer(outcome)]))


async def replies(**batch: Any) -> list[dict[str, Any]]:
    """Send a batch that is to be complete; return its replies."""
    answer = await send(**batch)
    assert (answer["partial"], answer["reason"]) == (False, None)
    return answer["replies"]


async def failure(**batch: Any) -> tuple[str, str, int | None]:
    """Send one call that is to fail; return how it did."""
    (reply,) = await replies(**batch)
    failed = reply["failure"]
    assert failed is not None, reply
    return failed["kind"], failed["detail"], failed["alert"]


@dataclass
class Control:
    """A control API and a client of it."""

    url: str
    stop: asyncio.Event
    seen: Seen
    client: aiohttp.ClientSession

    async def get(self, path: str) -> Any:
        async with self.client.get(self.url + path) as response:
            assert response.status == 200
            return await response.json()

    async def send(self, **batch: Any) -> tuple[int, Any]:
        return await self.post("/send", batch)

    async def post(self, path: str, document: Any) -> tuple[int, Any]:
        async with self.client.post(self.url + path, data=json.dumps(document)) as response:
            return response.status, await response.json()


@asynccontextmanager
async def running_control() -> AsyncIterator[Control]:
    stop, seen = asyncio.Event(), Seen()
    runner = control_runner(IDENTITY, stop, seen)
    await runner.setup()
    try:
        sock = listening_socket(0)
        await web.SockSite(runner, sock).start()
        async with aiohttp.ClientSession() as client:
            yield Control(f"http://127.0.0.1:{sock.getsockname()[1]}", stop, seen, client)
    finally:
        await runner.cleanup()


Behaviour = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def raw_peer(
    behave: Behaviour, *, scheme: str = "http", until: bytes = b"\r\n\r\n"
) -> AsyncIterator[str]:
    """A TCP server that reads up to the end of a request and then does as `behave` says; gives its URL."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if until:
                await reader.readuntil(until)
            await behave(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"{scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


async def reset(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    # Lingering for zero seconds makes the close a reset.
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def hang_up(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    pass


class Http2Peer:
    """The server's end of an HTTP/2 connection, for a script to play."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, settings: dict[SettingCodes, int]
    ) -> None:
        self.reader = reader
        self.writer = writer
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
        self.h2.local_settings = h2.settings.Settings(client=False, initial_values=settings)
        self.h2.initiate_connection()
        self.flush()

    def flush(self) -> None:
        self.writer.write(self.h2.data_to_send())

    async def requests(self) -> AsyncIterator[int]:
        """Give the number of each stream whose request is complete."""
        while data := await self.reader.read(1 << 16):
            events = self.h2.receive_data(data)
            self.flush()
            for event in events:
                if isinstance(event, h2.events.StreamEnded):
                    yield event.stream_id

    def answer(self, stream: int, *, end: bool = True, headers: dict[str, str] | None = None) -> None:
        self.h2.send_headers(stream, [(":status", "200"), *(headers or {}).items()], end_stream=end)
        self.flush()


@asynccontextmanager
async def http2_peer(
    play: Callable[[Http2Peer], Awaitable[None]],
    *,
    scheme: str = "http",
    settings: dict[SettingCodes, int] | None = None,
) -> AsyncIterator[str]:
    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await play(Http2Peer(reader, writer, settings or {}))

    async with raw_peer(behave, scheme=scheme, until=b"") as url:
        yield url


@dataclass(frozen=True)
class Issued:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    @property
    def key_pem(self) -> str:
        return self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode()

    @property
    def pair(self) -> dict[str, str]:
        """As a batch's client_certificate."""
        return {"certificate": self.pem, "key": self.key_pem}


def issue(name: str, issuer: Issued | None = None) -> Issued:
    """Make a certificate for a DNS name; without an issuer it is an authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(minutes=5))
        .not_valid_after(now + dt.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key((issuer.key if issuer else key).public_key()),
            critical=False,
        )
        .add_extension(
            x509.KeyUsage(
                digital_signature=True,
                key_cert_sign=issuer is None,
                crl_sign=issuer is None,
                content_commitment=False,
                key_encipherment=False,
                data_encipherment=False,
                key_agreement=False,
                encipher_only=False,
                decipher_only=False,
            ),
            critical=True,
        )
        .sign((issuer.key if issuer else key), hashes.SHA256())
    )
    return Issued(certificate, key)


def server_context(folder: Path, issued: Issued, client_ca: Issued | None = None) -> ssl.SSLContext:
    """Return what serves this certificate, and demands one of `client_ca` when that is given."""
    file = folder / "server.pem"
    file.write_text(issued.key_pem + issued.pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    if client_ca is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(cadata=client_ca.pem)
    return context


@contextmanager
def tls_peer(context: ssl.SSLContext, answer: bytes) -> Iterator[int]:
    """A TLS server with OpenSSL's own sockets, which send their alerts as proxies do; gives its port.

    It says `answer` to whatever comes first.
    """

    def talk(sock: socket.socket) -> None:
        try:
            with context.wrap_socket(sock, server_side=True) as tls:
                tls.recv(1 << 16)
                tls.sendall(answer)
                tls.unwrap()
        except OSError:
            sock.close()

    def accept() -> None:
        while True:
            try:
                sock, _ = listening.accept()
            except OSError:
                return
            sock.settimeout(5)
            threading.Thread(target=talk, args=(sock,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        accepting = threading.Thread(target=accept, daemon=True)
        accepting.start()
        try:
            yield listening.getsockname()[1]
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            accepting.join(5)
