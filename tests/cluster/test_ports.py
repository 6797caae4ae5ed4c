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


def test_a_port_that_is_only_forwarded_is_in_use(taken_port, monkeypatch):
    monkeypatch.setattr(ports, "_can_be_listened_on", lambda _: True)
    assert not ports.is_free(taken_port)


def test_a_port_that_leads_nowhere_is_in_use(monkeypatch):
    def times_out(*_, **__):
        raise TimeoutError

    monkeypatch.setattr(ports.socket, "create_connection", times_out)
    assert not ports.is_free(1)


def test_the_first_free_port_that_is_not_spoken_for_is_chosen(monkeypatch):
    monkeypatch.setattr(ports, "is_free", lambda port: port >= 8083)
    assert ports.choose(None, {8083}) == 8084


def test_when_every_port_is_in_use_the_range_is_named(monkeypatch):
    monkeypatch.setattr(ports, "is_free", lambda _: False)
    with pytest.raises(ports.PortTaken, match="every port from 8080 to 8999"):
        ports.choose(None, set())
