"""Who keeps silent for how long before a run has lost it; scripted answers, a clock that is told."""

import re
import socket
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from queue import SimpleQueue
from types import SimpleNamespace

import pytest
from kubernetes.client import ApiClient, Configuration

from meshproof.errors import ExitCode
from meshproof.plugin import watch
from meshproof.plugin.watch import Asked, Watch, asked_of


class Script:
    """Answers as it is told, and counts how often it was asked."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.times = 0

    def __call__(self):
        self.times += 1
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


class Watched:
    """A watch over scripts, and a clock that goes on by a second with each look at it."""

    def __init__(self, *scripts, in_doubt=None):
        self.now = 0.0
        self.losses = []
        names = ("the server", "istiod")
        asked = [Asked(name, script, "mend it") for name, script in zip(names, scripts, strict=False)]
        if in_doubt is not None:
            asked.append(Asked("the webhook", in_doubt, "mend it", only_in_doubt=True))
        self.watch = Watch(asked, self.losses.append, self.clock)

    def clock(self):
        self.now += 1.0
        return self.now

    def looks(self, times, **options):
        for _ in range(times):
            self.watch.look(**options)
        return self.losses


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch):
    monkeypatch.setattr(watch, "EVERY_SECONDS", 0.0)


def test_what_answers_is_never_lost():
    assert Watched(Script(None)).looks(1000) == []


def test_what_keeps_silent_after_it_answered_is_lost_once():
    watched = Watched(Script(None, "refused"))
    (loss,) = watched.looks(50)
    assert loss is watched.watch.lost
    assert re.fullmatch(r"the server has not answered for 2\d s \(refused\)", loss.what)
    assert loss.silent
    assert str(loss.error()).endswith("; mend it.")
    assert loss.error().exit_code is ExitCode.ENVIRONMENT


def test_silence_that_is_shorter_than_a_restart_is_no_loss():
    silence = ["refused"] * 9
    assert Watched(Script(None, *silence, None, *silence, None)).looks(25) == []


def test_what_never_answered_is_not_watched():
    assert Watched(Script(None), Script("forbidden")).looks(1000) == []


def test_what_stands_on_a_silent_one_is_not_asked_meanwhile():
    server, istiod = Script(None, "refused", "refused", None), Script(None)
    watched = Watched(server, istiod)
    watched.looks(3)
    assert istiod.times == 1
    watched.looks(1)
    assert istiod.times == 2


def test_silence_of_the_server_is_not_held_against_istiod():
    server = Script(None, *["refused"] * 9, None)
    watched = Watched(server, Script(None, "status 503", None))
    assert watched.looks(30) == []


def test_disruptive_test_may_stop_istiod_but_not_the_server():
    watched = Watched(Script(None), Script(None, "status 503"))
    watched.looks(1)
    watched.watch.excuse(mesh=True)
    assert watched.looks(100) == []
    watched.watch.excuse(mesh=False)
    (loss,) = watched.looks(100)
    assert loss.what.startswith("istiod has not answered for")
    assert not loss.silent


def test_webhook_is_asked_only_in_doubt():
    webhook = Script(None)
    watched = Watched(Script(None), in_doubt=webhook)
    watched.looks(10)
    assert webhook.times == 0
    watched.looks(1, in_doubt=True)
    assert webhook.times == 1


def test_doubt_is_settled_at_once_where_all_answer():
    watched = Watched(Script(None), Script(None), in_doubt=Script(None))
    assert watched.watch.settled(in_doubt=True) is None
    assert watched.watch.settled(in_doubt=False) is None


def test_doubt_lasts_until_what_was_silent_answers_again():
    server = Script(None, "refused", "refused", None)
    watched = Watched(server)
    watched.looks(1)
    assert watched.watch.settled(in_doubt=False) is None
    assert server.times == 4


def test_doubt_ends_with_the_loss_of_a_webhook_that_judges_no_longer():
    watched = Watched(Script(None), in_doubt=Script(None, "it accepts all"))
    watched.looks(1, in_doubt=True)
    loss = watched.watch.settled(in_doubt=True)
    assert loss.what.startswith("the webhook has not answered for 2")
    assert watched.losses == [loss]


def test_thread_hands_over_after_the_loss():
    watched = Watched(Script(None, "refused"))
    handed_over = SimpleQueue()
    watched.watch.keep(handed_over.put)
    assert handed_over.get(timeout=5) is watched.watch.lost


def test_closed_watch_asks_nobody_any_more(monkeypatch):
    monkeypatch.setattr(watch, "EVERY_SECONDS", 60.0)
    server = Script(None)
    watched = Watched(server)
    before = set(threading.enumerate())
    watched.watch.keep(lambda _: None)
    (thread,) = set(threading.enumerate()) - before
    watched.watch.close()
    thread.join(5)
    assert not thread.is_alive()
    assert server.times == 0


@contextmanager
def api_server(answers):
    """Serve a status for each path; yield the cluster."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(answers.get(self.path, 404))
            self.end_headers()

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield cluster_at(server.server_port)
        server.shutdown()
        thread.join()


def cluster_at(port):
    configuration = Configuration(host=f"http://127.0.0.1:{port}")
    configuration.retries = False
    return SimpleNamespace(api=ApiClient(configuration), context="dev")


READY, ISTIOD = "/readyz", "/api/v1/namespaces/istio-system/services/istiod:15014/proxy/version"


@pytest.mark.parametrize(
    ("ready", "istiod", "said"),
    [
        (200, 200, [None, None]),
        (403, 200, [None, None]),  # a server that refuses is there
        (500, 200, ["status 500", None]),  # one without its store is not
        (200, 503, [None, "status 503"]),  # no pod behind the Service
        (200, 403, [None, "status 403"]),  # not to be asked, so never known to answer, so not watched
    ],
)
def test_status_says_who_is_there(ready, istiod, said):
    with api_server({READY: ready, ISTIOD: istiod}) as cluster:
        assert [each.ask() for each in asked_of(cluster)[:2]] == said


def test_istiod_of_a_revision_is_asked_by_the_name_of_its_service(monkeypatch):
    asked = []
    monkeypatch.setattr(watch, "istiod_service", lambda *_: asked.append(1) or "istiod-canary")
    with api_server({READY: 200, ISTIOD.replace("istiod", "istiod-canary"): 200}) as cluster:
        istiod = asked_of(cluster)[1]
        assert [istiod.ask(), istiod.ask()] == [None, None]
    assert len(asked) == 1, "one that has answered keeps its name"


def test_server_that_refuses_connections_is_silent():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        server = asked_of(cluster_at(unused.getsockname()[1]))[0]
        assert server.name == "the API server of context 'dev'"
        assert server.ask() == "[Errno 111] Connection refused"


def test_server_that_takes_connections_and_says_nothing_is_silent(monkeypatch):
    monkeypatch.setattr(watch, "ANSWER_SECONDS", (0.1, 0.1))
    with socket.create_server(("127.0.0.1", 0)) as hung:
        assert asked_of(cluster_at(hung.getsockname()[1]))[0].ask() == "no answer within 0.2 s"


def test_webhook_is_silent_where_it_does_not_judge(monkeypatch):
    cluster = cluster_at(1)
    webhook = asked_of(cluster)[2]
    monkeypatch.setattr(watch, "judged", lambda asked: asked is cluster)
    assert webhook.ask() is None
    monkeypatch.setattr(watch, "judged", lambda _: False)
    assert webhook.ask() == "it does not tell a right object from a wrong one"
