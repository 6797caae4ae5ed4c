"""Names without an address, whatever this machine's resolver makes of them."""

import socket

import pytest
import uvloop


@pytest.fixture
def no_invalid_names(monkeypatch):
    """Answers at once that a name under .invalid has no address; other names are looked up."""
    known = uvloop.Loop.getaddrinfo

    async def look_up(loop, host, *args, **kwargs):
        if host.endswith(".invalid"):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return await known(loop, host, *args, **kwargs)

    monkeypatch.setattr(uvloop.Loop, "getaddrinfo", look_up)
