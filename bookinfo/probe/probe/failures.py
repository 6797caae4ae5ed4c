"""From what the HTTP client raised to one of the failures that behaviours tell apart."""

import errno
import os
import ssl

import aiohttp

from probe.reply import Failure

_KINDS = {
    errno.ECONNREFUSED: "refused",
    errno.ECONNRESET: "reset",
    errno.EPIPE: "reset",
    errno.ETIMEDOUT: "timeout",
}


def _of_system(error: OSError) -> Failure:
    number = error.errno
    if number is None:
        return Failure("reset" if isinstance(error, ConnectionResetError) else "other", str(error))
    # EPIPE is what a writer sees of a reset that it had not read: one promise, one word.
    text = os.strerror(errno.ECONNRESET if number == errno.EPIPE else number).lower()
    return Failure(_KINDS.get(number, "other"), text)


def failure_of(error: BaseException, timeout: float) -> Failure:
    """Classify what a call raised.

    Args:
        error: from aiohttp or the system.
        timeout: seconds that the call had.
    """
    match error:
        case aiohttp.ClientConnectorDNSError():
            failure = Failure("dns", f"{error.host}: {error.os_error.strerror or error.os_error}")
        case aiohttp.ClientSSLError() | ssl.SSLError() | aiohttp.ClientConnectorCertificateError():
            failure = Failure("tls", str(error))
        case aiohttp.ClientConnectorError():
            failure = _of_system(error.os_error)
        case aiohttp.ServerDisconnectedError():
            failure = Failure("closed", "connection closed before the reply")
        # The client keeps the connection's own error only in the text of this one.
        case aiohttp.ClientPayloadError() if ConnectionResetError.__name__ in str(error):
            failure = Failure("reset", "connection reset by peer within the reply")
        case aiohttp.ClientPayloadError():
            failure = Failure("closed", "connection closed within the reply")
        case TimeoutError() if error.errno is None:
            failure = Failure("timeout", f"no answer within {timeout:g} s")
        case OSError():
            failure = _of_system(error)
        case _:
            failure = Failure("other", f"{type(error).__name__}: {error}")
    return failure
