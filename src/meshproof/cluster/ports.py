"""Ports on this host."""

import socket

from meshproof.errors import MeshproofError

FIRST_PORT = 8080
LAST_PORT = 8999
_ANSWERS_WITHIN = 0.5
"""Seconds within which this host refuses a connection to a port that nobody has."""


class PortTaken(MeshproofError):
    """A port that the user asked for is in use."""


def is_free(port: int) -> bool:
    """Whether a port can be listened on, on every address of this host, and nobody answers there."""
    return _can_be_listened_on(port) and _refuses(port)


def _refuses(port: int) -> bool:
    """Whether a connection is refused: an engine forwards ports that no process here listens on.

    The rule for it outlives an engine's processes that were killed, and has the calls of a new cluster on
    that port go to the old one.
    """
    try:
        socket.create_connection(("127.0.0.1", port), timeout=_ANSWERS_WITHIN).close()
    except ConnectionRefusedError:
        return True
    except OSError:
        pass
    return False


def _can_be_listened_on(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("", port))
        except OSError:
            return False
        return True


def choose(wanted: int | None, taken: set[int]) -> int:
    """A free port: the wanted one, else the first free of 8080 to 8999.

    Raises:
        PortTaken: the wanted port, or every port of the range, is in use.
    """
    if wanted is not None:
        if not is_free(wanted):
            raise PortTaken(f"port {wanted} of this host is in use", "free it, or name another with --port")
        return wanted
    for port in range(FIRST_PORT, LAST_PORT + 1):
        if port not in taken and is_free(port):
            return port
    raise PortTaken(
        f"every port from {FIRST_PORT} to {LAST_PORT} of this host is in use", "name one with --port"
    )
