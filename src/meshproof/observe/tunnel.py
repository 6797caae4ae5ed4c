"""HTTP requests to a pod as if they came from the pod itself, through the API server's port forwarding.

Some pages are only for callers on localhost, and the API server's proxy is none. Whoever may forward ports of
the pod is. One WebSocket carries one connection, without a thread of its own.
"""

import io
import ssl
import struct
from http.client import HTTPConnection, HTTPException
from typing import Any

from kubernetes.client import ApiClient
from websocket import WebSocket, WebSocketBadStatusException, WebSocketException

from meshproof.errors import MeshproofError

ANSWER_SECONDS = 5.0
"""What answers from memory and has not by then is not going to."""

_PROTOCOL = "v4.channel.k8s.io"
_DATA, _ERROR = 0, 1
"""Channels of the first port of a forwarding; each begins with a frame that repeats the port's number."""
_FORBIDDEN = 403


class CannotForward(MeshproofError):
    """The pod's port cannot be reached this way."""


class Tunnel:
    """A connection to one port of one pod; many requests, one after the other.

    Args:
        api: client of the cluster's API server.
        namespace: where the pod is.
        pod: its name.
        port: the port, as the pod's own localhost has it.

    Raises:
        CannotForward: this kubeconfig's user may not forward ports there, or the API server does not answer.
    """

    def __init__(self, api: ApiClient, namespace: str, pod: str, port: int) -> None:
        self._where = f"port {port} of pod {pod} in namespace {namespace}"
        path = f"/api/v1/namespaces/{namespace}/pods/{pod}/portforward"
        _method, url, headers, *_rest = api.param_serialize(
            "GET", path, query_params=[("ports", port)], auth_settings=["BearerToken"]
        )
        try:
            self._socket = _opened(api, url, headers)
        except WebSocketBadStatusException as error:
            raise self._refused(error.status_code, namespace) from error
        except (OSError, WebSocketException) as error:
            raise self._broken(error) from error
        self._http = HTTPConnection("localhost", port)
        self._http.sock = _Wire(self._socket, port)

    def get(self, path: str) -> bytes:
        """Return the body of a page.

        Raises:
            CannotForward: the connection broke, nothing answers in time, or the answer is not 200.
        """
        try:
            self._http.request("GET", path)
            response = self._http.getresponse()
            body = response.read()
        except (OSError, HTTPException, WebSocketException) as error:
            self.close()
            raise self._broken(error) from error
        if response.status != 200:  # noqa: PLR2004 - HTTP's own word for here it is
            raise CannotForward(
                f"{self._where} answers {path} with {response.status}", "look at the log of that pod"
            )
        return body

    def close(self) -> None:
        """Close the connection; closing twice is harmless."""
        # Not WebSocket.close(): that waits for the other side's goodbye.
        self._socket.shutdown()

    def _refused(self, status: int, namespace: str) -> CannotForward:
        if status == _FORBIDDEN:
            return CannotForward(
                f"this kubeconfig's user may not forward {self._where}",
                f"give it the rights to get and create pods/portforward in {namespace}",
            )
        return CannotForward(f"the API server does not forward {self._where} ({status})", "look at that pod")

    def _broken(self, error: Exception) -> CannotForward:
        said = str(error) or type(error).__name__
        return CannotForward(f"{self._where} does not answer: {said}", "look at that pod")


def _opened(api: ApiClient, url: str, headers: dict[str, str]) -> Any:
    """Return a WebSocket with the API client's certificates; kubernetes' own way has no deadline."""
    configuration: Any = api.configuration
    options: dict[str, Any] = {"cert_reqs": ssl.CERT_NONE}
    if configuration.verify_ssl:
        options = {"cert_reqs": ssl.CERT_REQUIRED, "ca_certs": configuration.ssl_ca_cert}
        if configuration.assert_hostname is not None:
            options["check_hostname"] = configuration.assert_hostname
    if configuration.cert_file:
        options |= {"certfile": configuration.cert_file, "keyfile": configuration.key_file}
    if configuration.tls_server_name:
        options["server_hostname"] = configuration.tls_server_name
    named = [f"authorization: {value}" for name, value in headers.items() if name.lower() == "authorization"]
    made: Any = WebSocket(sslopt=options)
    made.connect(url.replace("http", "ws", 1), header=named, subprotocols=[_PROTOCOL], timeout=ANSWER_SECONDS)
    return made


class _Wire:
    """What http.client takes for a socket."""

    def __init__(self, socket: Any, port: int) -> None:
        self._socket = socket
        self._incoming = _Incoming(socket, port)

    def sendall(self, data: Any) -> None:
        self._socket.send_binary(bytes([_DATA]) + bytes(data))

    def makefile(self, _mode: str) -> io.BufferedReader:
        # Each response closes the reader that it was read from, so each gets its own.
        return io.BufferedReader(_Borrowed(self._incoming))

    def close(self) -> None:
        self._socket.shutdown()


class _Incoming:
    """The bytes that come out of the tunnel."""

    def __init__(self, socket: Any, port: int) -> None:
        self._socket = socket
        self._greeting = struct.pack("<H", port)
        self._greeted: set[int] = set()
        self._left = b""

    def take(self, size: int) -> bytes:
        """Return at least one byte and at most `size`; none at the end."""
        while not self._left:
            frame = self._socket.recv()
            if not isinstance(frame, bytes) or not frame:
                return b""
            channel, content = frame[0], frame[1:]
            if channel not in self._greeted:
                self._greeted.add(channel)
                content = content.removeprefix(self._greeting)
            if channel == _ERROR and content:
                raise OSError(content.decode(errors="replace").strip())
            self._left = content
        taken, self._left = self._left[:size], self._left[size:]
        return taken


class _Borrowed(io.RawIOBase):
    """A view of the incoming bytes whose end is not theirs."""

    def __init__(self, incoming: _Incoming) -> None:
        self._incoming = incoming

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        taken = self._incoming.take(len(buffer))
        buffer[: len(taken)] = taken
        return len(taken)
