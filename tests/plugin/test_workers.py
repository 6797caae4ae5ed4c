"""A run with workers finds what a run alone finds, and loses nothing when a worker dies."""

import time

import pytest

from meshproof.plugin import controller
from meshproof.plugin.scheduling import LAST

pytestmark = pytest.mark.processes

MODULE = """
import pytest
from meshproof.traffic import Missed

pytestmark = pytest.mark.behaviour({id!r}, manifests="thing.yaml")


def test_passes(): pass
def test_misses(): raise Missed("not converged\\n  call  probe-a -> GET x")
def test_breaks(): raise KeyError("x")
"""

DEADLY = """
import os, signal, pytest

pytestmark = pytest.mark.behaviour("SE-01")


def test_kills_its_worker(): os.kill(os.getpid(), signal.SIGKILL)
def test_after_it(): pass
"""

IDS = ("TM-01", "TM-02", "TM-06")
SOON = 60
"""Seconds; a worker that waits in vain takes fifteen times as long."""


@pytest.fixture
def three(suite):
    suite.manifest("thing.yaml", "thing")
    for id_ in IDS:
        suite.module(MODULE.format(id=id_), f"test_{id_.replace('-', '_').lower()}")
    return suite


def found(suite):
    return {record["test"]: record["verdict"] for record in suite.records if record["kind"] == "test"}


def plan(suite):
    (plan,) = [record for record in suite.records if record["kind"] == "plan"]
    return sorted(planned["test"] for planned in plan["tests"])


def test_verdicts_are_the_same_with_workers_and_in_any_order(three):
    alone = three.run("-p", "no:cacheprovider")
    verdicts, planned = found(three), plan(three)
    three.clear()
    together = three.run("-n", "2", "--meshproof-seed", "7")
    assert found(three) == verdicts
    assert plan(three) == planned
    assert len(verdicts) == len(planned) == 3 * len(IDS)
    assert together.ret == alone.ret == 1
    assert [record["kind"] for record in three.records][:2] == ["run", "plan"]
    assert three.records[0]["options"]["--seed"] == "7"
    assert three.records[-1]["interrupted"] is None
    assert three.cluster.count("apply thing") == len(IDS), "each module's manifest is applied once"


def test_worker_that_dies_costs_the_verdict_of_its_test_alone(three):
    three.module(DEADLY, "test_deadly")
    result = three.run("-n", "2", "-k", "SE-01 or test_passes", "--meshproof-progress", "lines")
    by_name = {name.rpartition("::")[2]: verdict for name, verdict in found(three).items()}
    assert by_name == {"test_kills_its_worker": "error", "test_after_it": "passed", "test_passes": "passed"}
    assert len(found(three)) == 2 + len(IDS)
    (reason,) = [record["reason"] for record in three.records if record.get("verdict") == "error"]
    assert reason in {"the worker gw0 that ran it died", "the worker gw1 that ran it died"}
    assert result.ret == 69
    assert three.records[-1]["interrupted"] is None
    lines = result.stdout.str().partition("ERRORS")[0].splitlines()
    told = [line[:13].rstrip() for line in lines if line[2:3] == "-"]
    assert sorted(told) == ["SE-01  error", *(f"{id_}  passed" for id_ in IDS)]


@pytest.mark.parametrize("bad", ["def (:\n", "import nothing_of_that_name\n"], ids=["syntax", "import"])
def test_module_that_no_worker_can_import_makes_the_run_incomplete(three, bad):
    three.module(bad, "test_bad")
    result = three.run("-n", "2", "-k", "test_passes")
    assert set(found(three).values()) == {"passed"}
    assert result.ret == 69
    assert three.records[-1]["interrupted"] == "test_bad.py could not be collected"


def test_suite_of_which_no_worker_can_import_anything_says_so_in_its_results(suite):
    suite.module("def (:\n")
    assert suite.run("-n", "1").ret == 69
    assert [record["kind"] for record in suite.records] == ["run", "plan", "end"]
    assert suite.records[-1]["interrupted"] == "test_it.py could not be collected"


def test_verdict_outlives_the_worker_that_had_given_it(suite):
    suite.module(
        "import os, signal, pytest\n"
        'pytestmark = pytest.mark.behaviour("SE-01")\n'
        "@pytest.fixture\n"
        "def deadly():\n"
        "    yield\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "def test_a(deadly): pass\n"
        "def test_b(): pass\n"
    )
    result = suite.run("-n", "1")
    words = [(one["test"], one["verdict"]) for one in suite.records if one["kind"] == "test"]
    assert words == [("test_it.py::test_a", "passed"), ("test_it.py::test_b", "passed")]
    assert result.ret == 0


GATHERED = """
import pytest

pytestmark = pytest.mark.behaviour("TM-01")


@pytest.fixture
def bookinfo(): pass


def test_with_shop(bookinfo, manifests, request):
    manifests.note(f"{request.node.path.stem} on {request.config.workerinput['workerid']}")
"""


@pytest.mark.parametrize("seed", ["1", "2"])
def test_first_worker_runs_what_needs_the_shop(suite, seed):
    for name in ("test_a", "test_c"):
        suite.module(GATHERED, name)
        suite.module(GATHERED.replace("(bookinfo, ", "("), f"{name}_plain")
    suite.run("-n", "2", "--meshproof-seed", seed)
    assert {line for line in suite.cluster if "plain" not in line} == {"test_a on gw0", "test_c on gw0"}
    assert {line for line in suite.cluster if "plain" in line} == {
        "test_a_plain on gw1",
        "test_c_plain on gw1",
    }


def test_where_every_test_needs_the_shop_no_worker_is_idle(suite):
    for name in ("test_a", "test_b", "test_c", "test_d"):
        suite.module(GATHERED, name)
    suite.run("-n", "2")
    assert sorted(line.rpartition(" ")[2] for line in suite.cluster) == ["gw0", "gw0", "gw1", "gw1"]


SLOW = """
import pytest

pytestmark = pytest.mark.behaviour("TM-01"{long})


def test_it(manifests, request):
    manifests.note(request.node.path.stem)
"""


@pytest.mark.parametrize(("modules", "at"), [(3, 0), (LAST, 0), (LAST + 2, 2)])
def test_of_the_last_modules_those_that_take_long_come_first(suite, modules, at):
    names = [f"test_{number:02}" for number in range(modules)]
    for name in names:
        suite.module(SLOW.format(long=", long=True" if name == names[-1] else ""), name)
    suite.run("-n", "1")
    assert suite.cluster.index(names[-1]) == at
    assert [name for name in suite.cluster if name != names[-1]] == names[:-1]


TIDY = """
import pytest
from meshproof.plugin.verdicts import RECORDER

pytestmark = pytest.mark.behaviour({id!r})


@pytest.fixture(scope="session")
def measured(request):
    yield
    request.config.stash[RECORDER].wait_for_others(request.session)
    (request.config.rootpath / "tidied").touch()


def test_it(measured, request):
    for _ in range({looks}):
        __import__("time").sleep(0.1)
        assert not (request.config.rootpath / "tidied").exists()
    assert {id!r} != {wrong!r}
"""


def test_nothing_is_tidied_up_while_another_worker_judges(suite):
    suite.module(TIDY.format(id="TM-01", looks=1, wrong=""), "test_short")
    suite.module(TIDY.format(id="TM-02", looks=25, wrong=""), "test_long")
    assert suite.run("-n", "2").ret == 0
    assert set(found(suite).values()) == {"passed"}
    assert (suite.folder / "tidied").exists()


@pytest.mark.parametrize("most", [1, 2])
def test_run_that_is_broken_off_does_not_wait_for_tests_that_have_no_verdict(suite, most):
    for number in range(1, 7):
        id_ = f"TM-0{number}"
        wrong = id_ if number <= most else ""
        suite.module(TIDY.format(id=id_, looks=5, wrong=wrong), f"test_{number}")
    began = time.monotonic()
    suite.run("-n", "2", "--maxfail", str(most))
    assert time.monotonic() - began < SOON
    assert suite.records[-1]["interrupted"]


PLACED = """
import os, signal, pytest
from meshproof.plugin.recorder import Place
from meshproof.plugin.verdicts import RECORDER

pytestmark = pytest.mark.behaviour("SE-01")


def test_a(request):
    request.config.stash[RECORDER].opened("r1", Place("/made/kubeconfig", "kind-made"))
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_namespace_of_a_dead_worker_is_looked_for_where_it_was_made(suite, monkeypatch):
    looked = []

    class Fake:
        api = "the api"

    def existing(context, kubeconfig):
        looked.append((context, str(kubeconfig)))
        return Fake

    def remove(run, api, seconds):  # noqa: ARG001 - called with it
        looked.append((run.id, api))

    monkeypatch.setattr(controller, "existing", existing)
    monkeypatch.setattr(controller.Run, "remove", remove)
    suite.module(PLACED)
    suite.run("-n", "1", "--max-worker-restart", "0", "--meshproof-context", "another")
    assert looked == [("kind-made", "/made/kubeconfig"), ("r1", "the api")]


def test_wrong_marker_is_a_usage_error_with_workers_too(suite):
    suite.module('import pytest\npytestmark = pytest.mark.behaviour("TM-99")\ndef test_a(): pass\n')
    result = suite.run("-n", "1")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: *no behaviour has the id 'TM-99'*"])
    assert not (suite.folder / "out").exists()


def test_run_whose_workers_all_die_is_no_success(suite):
    suite.module(DEADLY)
    result = suite.run("-n", "1", "--max-worker-restart", "0")
    assert found(suite) == {"test_it.py::test_kills_its_worker": "error"}
    assert suite.records[-1]["interrupted"] == "the run ended before every test had its turn"
    assert result.ret == 69
