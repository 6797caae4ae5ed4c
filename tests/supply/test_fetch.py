import hashlib
import socket
import threading

import pytest
import requests
from urllib3.exceptions import MaxRetryError, NameResolutionError

from meshproof.supply.fetch import FetchFailed, fetch, reason, refusal

FILE = b"a program"
SHA256 = hashlib.sha256(FILE).hexdigest()
GOOD = frozenset({200, 401})


@pytest.fixture
def closed():
    """An address where nothing listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{free.getsockname()[1]}/"


@pytest.mark.parametrize("status", [200, 401])
def test_a_page_and_a_demand_to_log_in_are_answers(server, status):
    server.statuses["/v2/"] = status
    assert refusal(f"{server.url}/v2/", 3, good=GOOD) is None


def test_any_other_status_is_no_answer(server):
    server.statuses["/v2/"] = 503
    assert refusal(f"{server.url}/v2/", 3, good=GOOD) == "it answered with HTTP status 503"


def test_a_refused_connection_is_told(closed, server):
    assert refusal(closed, 3, good=GOOD) == "connection refused"
    assert server.asked == []


def test_silence_is_bounded(server):
    assert refusal(f"{server.url}/silent", 0.1, good=GOOD) in {"timed out", "no answer within 0.1 s"}


def test_looking_up_a_name_is_bounded(monkeypatch):
    over = threading.Event()

    def never(*_, **__):
        over.wait(10)
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", never)
    assert refusal("http://registry.example/v2/", 0.1, good=GOOD) == "no answer within 0.1 s"
    over.set()


def test_a_name_that_nobody_knows_is_told():
    unknown = NameResolutionError("registry.example", None, socket.gaierror(-2, "Name or service not known"))
    error = requests.ConnectionError(MaxRetryError(None, "/v2/", unknown))
    assert reason(error) == "its name is not known here"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (requests.exceptions.SSLError("self-signed"), "its certificate is not trusted here"),
        (requests.exceptions.ProxyError("403"), "the proxy does not let it through"),
        (requests.exceptions.ConnectTimeout("x"), "timed out"),
        (requests.ConnectionError("reset by peer"), "connection failed (ConnectionError)"),
        (requests.ConnectionError(), "connection failed (ConnectionError)"),
    ],
)
def test_every_cause_has_its_words(error, words):
    assert reason(error) == words


def test_the_pinned_file_appears(server, tmp_path):
    server.files["/kind"] = FILE
    fetch(f"{server.url}/kind", SHA256, tmp_path / "kind")
    assert (tmp_path / "kind").read_bytes() == FILE
    assert len([*tmp_path.iterdir()]) == 1


def test_another_file_is_refused_and_removed(server, tmp_path):
    server.files["/kind"] = b"another program"
    with pytest.raises(FetchFailed, match=f"not the pinned file: .* not {SHA256}; trust neither"):
        fetch(f"{server.url}/kind", SHA256, tmp_path / "kind")
    assert [*tmp_path.iterdir()] == []


def test_a_file_that_is_not_there_is_told(server, tmp_path):
    with pytest.raises(FetchFailed, match="/kind cannot be fetched: it answered with HTTP status 404"):
        fetch(f"{server.url}/kind", SHA256, tmp_path / "kind")


def test_a_folder_that_cannot_be_written_is_told(server, tmp_path):
    server.files["/kind"] = FILE
    with pytest.raises(FetchFailed, match=r"cannot be written to .*: No such file or directory; free some"):
        fetch(f"{server.url}/kind", SHA256, tmp_path / "none" / "kind")
