"""What a pod's variables called secret is hidden in a test's record, wherever it came up."""

from types import SimpleNamespace

import pytest

from meshproof.plugin import diagnostics
from meshproof.plugin.conclusion import Conclusion
from meshproof.plugin.diagnostics import KNOWN, SCENE, diagnose
from meshproof.plugin.record import record
from meshproof.results import Verdict

CANARY = "kanarienvogel-7f3a"
FAILED = Conclusion(
    Verdict.FAILED, 0.0, reason=f"saw {CANARY}", evidence=f"  last      {CANARY}", after=(f"then {CANARY}",)
)
WANTED = SimpleNamespace(id="TM-02", api="")


class Scene:
    namespace = "shop"

    def labels(self):
        return {}

    def pods(self):
        env = [{"name": "DB_PASSWORD", "value": CANARY}]
        return ({"metadata": {"name": "a"}, "spec": {"containers": [{"name": "a", "env": env}]}},)

    def services(self):
        return ()

    def events(self):
        return ()

    def objects(self, _kind):
        return ()

    def log(self, _pod, _container, _since):
        return ""


@pytest.fixture
def item(monkeypatch, tmp_path):
    monkeypatch.setattr(diagnostics, "wanted_by", lambda _: WANTED)
    config = SimpleNamespace(stash=pytest.Stash(), getoption=lambda _: tmp_path)
    config.stash[SCENE] = Scene()
    return SimpleNamespace(nodeid="t.py::a", config=config, stash=pytest.Stash(), getparent=lambda _: None)


def test_record_of_a_failure_holds_no_secret_of_its_pods(item, tmp_path):
    diagnose(item, FAILED, ())
    test = record(item, WANTED, FAILED)
    assert CANARY not in test.model_dump_json()
    assert (test.reason, test.evidence) == ("saw (hidden)", "then (hidden)")
    assert CANARY not in (tmp_path / "diagnostics" / "TM-02-1" / "summary.txt").read_text()


def test_secret_stays_known_to_the_tests_that_follow(item):
    diagnose(item, FAILED, ())
    del item.config.stash[SCENE]
    diagnose(item, FAILED, ())
    assert item.config.stash[KNOWN] == {CANARY}
    assert CANARY not in record(item, WANTED, FAILED).reason


def test_secret_is_not_printed_either(item):
    diagnose(item, FAILED, ())
    error = diagnostics.Missed(f"saw {CANARY}")
    diagnostics.with_hint(error, "look at the log", diagnostics.known_by(item))
    assert str(error) == "saw (hidden)\n  hint      look at the log"
