"""From what a client raised to one of the failures that behaviours tell apart."""

import errno
import os
import re
import ssl
from dataclasses import dataclass

import aiohttp


@dataclass(frozen=True, slots=True)
class Failure:
    """How a call failed.

    Args:
        kind: refused, reset, timeout, dns, tls, closed or other.
        detail: for people.
        alert: number of the TLS alert that the peer sent; None when it sent none.
    """

    kind: str
    detail: str
    alert: int | None = None


class CallFailedError(Exception):
    """A call failed: in a way that its sender could name, or as its cause says."""

    def __init__(self, failure: Failure | None = None) -> None:
        super().__init__(failure)
        self.failure = failure


BEFORE_THE_REPLY = Failure("closed", "connection closed before the reply")
WITHIN_THE_REPLY = Failure("closed", "connection closed within the reply")

_KINDS = {
    errno.ECONNREFUSED: "refused",
    errno.ECONNRESET: "reset",
    errno.EPIPE: "reset",
    errno.ETIMEDOUT: "timeout",
}

_ALERT = re.compile(r"(?:SSLV3|TLSV1|TLSV13)_(?:ALERT_)?(\w+)")
"""OpenSSL's names of the alerts that it received."""

ALERTS = {alert.name.removeprefix("ALERT_DESCRIPTION_"): alert.value for alert in ssl.AlertDescription} | {
    # What the table of the ssl module leaves out, from the registry of TLS alerts.
    "DECRYPTION_FAILED": 21,
    "NO_CERTIFICATE": 41,
    "EXPORT_RESTRICTION": 60,
    "INAPPROPRIATE_FALLBACK": 86,
    "MISSING_EXTENSION": 109,
    "CERTIFICATE_REQUIRED": 116,
    "NO_APPLICATION_PROTOCOL": 120,
}


def _of_system(error: OSError) -> Failure:
    number = error.errno
    if number is None:
        if isinstance(error, ConnectionResetError):
            # Never the kernel's word, which has its number. Without any, the loop means an end of file.
            return Failure("closed", str(error).lower() or "connection closed within the TLS handshake")
        return Failure("timeout" if isinstance(error, ConnectionAbortedError) else "other", str(error))
    # EPIPE is what a writer sees of a reset that it had not read: one promise, one word.
    text = os.strerror(errno.ECONNRESET if number == errno.EPIPE else number).lower()
    return Failure(_KINDS.get(number, "other"), text)


def _of_tls(error: ssl.SSLError) -> Failure:
    if isinstance(error, ssl.SSLCertVerificationError):
        return Failure("tls", f"the server's certificate was not accepted: {error.verify_message}")
    reason = error.reason or ""
    received = _ALERT.fullmatch(reason)
    number = ALERTS.get(received[1]) if received else None
    if received and number is not None:
        return Failure("tls", f"alert {number} ({received[1].lower()}) from the peer", number)
    return Failure("tls", reason.replace("_", " ").lower() or str(error))


def _of_client(error: aiohttp.ClientError) -> Failure:
    # The client dresses the error of the system or of OpenSSL up as its own: the one beneath tells more.
    beneath = getattr(error, "os_error", None) or error.__cause__
    match error:
        case aiohttp.ClientConnectorDNSError():
            failure = Failure("dns", f"{error.host}: {error.os_error.strerror or error.os_error}")
        case aiohttp.ClientConnectorCertificateError():
            failure = failure_of(error.certificate_error)
        case aiohttp.ServerDisconnectedError():
            failure = BEFORE_THE_REPLY
        # The client keeps the connection's own error only in the text of this one.
        case aiohttp.ClientPayloadError() if ConnectionResetError.__name__ in str(error):
            failure = Failure("reset", "connection reset by peer within the reply")
        case aiohttp.ClientPayloadError():
            failure = WITHIN_THE_REPLY
        case _ if isinstance(beneath, OSError):
            failure = failure_of(beneath)
        case OSError():
            failure = _of_system(error)
        case _:
            failure = Failure("other", f"{type(error).__name__}: {error}")
    return failure


def failure_of(error: BaseException, timeout: float = 0.0) -> Failure:
    """Classify what a call raised.

    Args:
        error: from a client, OpenSSL or the system.
        timeout: seconds that the call had.
    """
    match error:
        case CallFailedError(failure=Failure() as named):
            failure = named
        case CallFailedError() if error.__cause__ is not None:
            failure = failure_of(error.__cause__, timeout)
        case aiohttp.ClientError():
            failure = _of_client(error)
        case ssl.SSLError():
            failure = _of_tls(error)
        case TimeoutError() if error.errno is None:
            failure = Failure("timeout", f"no answer within {timeout:g} s")
        case OSError():
            failure = _of_system(error)
        case _:
            failure = Failure("other", f"{type(error).__name__}: {error}")
    return failure
