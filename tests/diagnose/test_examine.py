"""A scripted scene: what is asked of it, what is kept, and what is said when parts of it are silent."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from meshproof.diagnose import Case, examine
from meshproof.diagnose.folder import FOLDER_BYTES, Folder
from meshproof.errors import MeshproofError

CANARY = "kanarienvogel-7f3a"
CLUSTER = "outbound|9080||reviews.shop.svc.cluster.local"
LOGGED = (
    f'[2026-11-21T13:52:01.381Z] "GET /reviews/0?token={CANARY} HTTP/1.1" 200 - via_upstream - "-" 0 483 7 '
    f'7 "-" "probe" "b53a0b1e" "reviews:9080" "10.0.0.2:9080" {CLUSTER} 10.0.0.1:5 10.0.0.9:9080 -'
)


def pod(app, *containers, env=(), ready=True):
    return {
        "metadata": {
            "name": f"{app}-1",
            "labels": {"app": app},
            "annotations": {"kubectl.kubernetes.io/last-applied-configuration": CANARY},
        },
        "spec": {"containers": [{"name": name, "env": list(env)} for name in containers]},
        "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": str(ready)}]},
    }


class ScriptedProxy:
    def __init__(self, *, broken=False):
        self._broken = broken

    def _say(self, document):
        if self._broken:
            raise MeshproofError("the proxy of probe-a-1 cannot be asked: Forbidden", "give the right")
        return document

    def routes(self, names, _seconds):
        assert names == "(9080|.*:9080)"
        routes = [
            {
                "match": {"prefix": "/"},
                "route": {"cluster": CLUSTER},
                "request_headers_to_add": [{"header": {"key": "authorization", "value": f"Bearer {CANARY}"}}],
            }
        ]
        hosts = [{"name": "reviews", "domains": ["reviews"], "routes": routes}]
        return self._say({"configs": [{"route_config": {"name": "9080", "virtual_hosts": hosts}}]})

    def clusters(self, _names, _seconds):
        return self._say({"configs": [{"cluster": {"name": CLUSTER, "transport_socket_matches": [{}]}}]})

    def endpoints(self, _names, _seconds):
        return self._say({"cluster_statuses": [{"name": CLUSTER, "host_statuses": []}]})

    def inbound(self, _seconds):
        return self._say({"configs": []})

    def rejections(self, _seconds):
        return self._say({"configs": []})


class ScriptedScene:
    namespace = "shop"

    def __init__(self, *, silent=(), proxies=True, warned=""):
        self._silent = silent
        self._proxies = proxies
        self._warned = warned

    def _say(self, what, answer):
        if what in self._silent:
            raise MeshproofError(f"{what} cannot be read (403 Forbidden)", "give the right")
        return answer

    def labels(self):
        return self._say("the namespace", {"istio-injection": "enabled"})

    def pods(self):
        env = [{"name": "DB_PASSWORD", "value": f"{CANARY}-env"}]
        return self._say(
            "pods",
            (
                pod("probe-a", "probe", "istio-proxy"),
                pod("reviews", "reviews", "istio-proxy", env=env, ready=not self._warned),
            ),
        )

    def services(self):
        spec = {"selector": {"app": "reviews"}, "ports": [{"port": 9080, "targetPort": 9080}]}
        return self._say("services", ({"metadata": {"name": "reviews"}, "spec": spec},))

    def events(self):
        about = {"kind": "Pod", "name": "reviews-1"}
        said = {"type": "Warning", "reason": "BackOff", "message": self._warned} if self._warned else {}
        return self._say("events", ({"involvedObject": about, "message": f"password={CANARY}"} | said,))

    def objects(self, kind):
        return self._say(kind.plural, ())

    def log(self, pod, container, since):
        assert since > 0
        said = LOGGED if container == "istio-proxy" else f"cookie: {CANARY}\nstarted with {CANARY}-env"
        return self._say(f"{pod}/{container}", said)

    def proxy(self, pod):
        return ScriptedProxy(broken=not self._proxies and pod == "probe-a-1")


CASE = Case(
    behaviour="TM-02",
    test="suites/routing/test_x.py::test_y",
    verdict="failed",
    reason="not converged within 30 s (214 calls)",
    evidence=(
        "  call      probe-a -> GET http://reviews:9080/reviews/0  end-user: jason",
        "  expected  served by reviews-v2, 20 times in a row (longest run: 4)",
        "  last      served by reviews-v1-1",
        "  seen      141x served by reviews-v1-…",
    ),
    since=0,
)
HINT = "no route of reviews matches end-user in probe-a's proxy (route 9080: 1 route, default)"


def files(path: Path):
    return {file.name: file.read_text() for file in path.iterdir()}


def test_what_explains_a_failure_is_kept_and_said(tmp_path):
    assert examine(CASE, ScriptedScene(), Folder(tmp_path)).hint == HINT
    kept = files(tmp_path)
    assert set(kept) == {
        "summary.txt",
        "pods.txt",
        "events.txt",
        "objects.yaml",
        "calls.txt",
        "probe-a-1.routes.json",
        "probe-a-1.clusters.json",
        "probe-a-1.endpoints.json",
        "probe-a-1.probe.log",
        "probe-a-1.istio-proxy.log",
        "reviews-1.listeners.json",
        "reviews-1.reviews.log",
        "reviews-1.istio-proxy.log",
    }
    assert kept["calls.txt"].startswith("1x probe-a-1: status 200  via_upstream")
    assert json.loads(kept["probe-a-1.routes.json"])["configs"]
    summary = kept["summary.txt"]
    assert summary.splitlines()[0] == "TM-02  failed  suites/routing/test_x.py::test_y"
    assert all(line in summary for line in CASE.evidence)
    assert f"  hint      {HINT}" in summary
    assert "not collected" not in summary


def test_no_credential_is_kept(tmp_path):
    examine(CASE, ScriptedScene(), Folder(tmp_path))
    found = {name for name, text in files(tmp_path).items() if CANARY in text}
    assert found == set()


@pytest.mark.parametrize(
    "silent", ["pods", "services", "events", "the namespace", "virtualservices", "reviews-1/istio-proxy"]
)
def test_what_may_not_be_read_is_named_and_the_rest_is_kept(tmp_path, silent):
    examine(CASE, ScriptedScene(silent=[silent]), Folder(tmp_path))
    summary = files(tmp_path)["summary.txt"]
    assert f"{silent} cannot be read (403 Forbidden)" in summary
    assert "broke" not in summary


def test_proxy_that_may_not_be_asked_costs_its_hint_alone(tmp_path):
    assert examine(CASE, ScriptedScene(proxies=False), Folder(tmp_path)).hint == ""
    assert "the proxy of probe-a-1 cannot be asked: Forbidden" in files(tmp_path)["summary.txt"]
    assert "reviews-1.istio-proxy.log" in files(tmp_path)


def test_hint_is_given_without_a_folder():
    assert examine(CASE, ScriptedScene(), None).hint == HINT


@pytest.mark.parametrize("kept", [True, False])
def test_secrets_of_pods_are_told_and_not_in_the_hint(tmp_path, kept):
    warned = f"bad login {CANARY}-env"
    case = replace(CASE, evidence=())
    found = examine(case, ScriptedScene(warned=warned), Folder(tmp_path) if kept else None)
    assert found.secrets == {f"{CANARY}-env"}
    assert found.hint == "reviews-1 is not ready: BackOff, bad login (hidden)"


def test_diagnosis_that_breaks_says_so_and_nothing_else(tmp_path, monkeypatch):
    def broken(_facts):
        raise RuntimeError("no rule for this")

    monkeypatch.setattr("meshproof.diagnose.collect.hint", broken)
    assert examine(CASE, ScriptedScene(), Folder(tmp_path)).hint == ""
    line = "the diagnosis itself broke, which changes no verdict: RuntimeError: no rule for this"
    assert line in files(tmp_path)["summary.txt"]


def test_deadline_that_is_over_leaves_a_summary(tmp_path):
    assert examine(CASE, ScriptedScene(), Folder(tmp_path), seconds=0).hint == ""
    assert "pods: no answer before the deadline" in files(tmp_path)["summary.txt"]
    assert sum(len(text) for text in files(tmp_path).values()) < FOLDER_BYTES


def test_failure_without_a_call_is_looked_at_too(tmp_path):
    case = Case("OB-01", "t", "error", "KeyError: 'x'", (), 0)
    assert examine(case, ScriptedScene(), Folder(tmp_path)).hint == ""
    assert {"pods.txt", "events.txt", "summary.txt"} <= set(files(tmp_path))
