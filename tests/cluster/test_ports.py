import socket

import pytest

from meshproof.cluster import ports


@pytest.fixture
def taken_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_a_wanted_port_that_is_in_use_is_refused(taken_port):
    with pytest.raises(ports.PortTaken, match=f"port {taken_port} of this host is in use; free it"):
        ports.choose(taken_port, set())


def test_the_first_free_port_that_is_not_spoken_for_is_chosen(monkeypatch):
    monkeypatch.setattr(ports, "is_free", lambda port: port >= 8083)
    assert ports.choose(None, {8083}) == 8084


def test_when_every_port_is_in_use_the_range_is_named(monkeypatch):
    monkeypatch.setattr(ports, "is_free", lambda _: False)
    with pytest.raises(ports.PortTaken, match="every port from 8080 to 8999"):
        ports.choose(None, set())
