"""Sockets to listen on, whichever address families the pod has."""

import socket

BACKLOG = 1024


def listening_socket(port: int) -> socket.socket:
    """Return a socket that listens on every address of this pod; port 0 takes a free one.

    One dual-stack socket where the pod has IPv6. A pod can have the family and yet no address of it
    (disable_ipv6), which only shows when binding: then IPv4 alone.
    """
    if socket.has_dualstack_ipv6():
        try:
            return socket.create_server(
                ("::", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=BACKLOG
            )
        except OSError:
            pass
    return socket.create_server(("0.0.0.0", port), backlog=BACKLOG)  # noqa: S104 - a pod's service
