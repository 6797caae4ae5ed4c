"""What becomes of a run whose cluster goes away, or that is asked to end; a file stands for the loss."""

import inspect
import os
import signal
import threading
from functools import partial
from pathlib import Path

import pytest

from meshproof import results
from meshproof.plugin import interruptions, watch

pytestmark = pytest.mark.processes

CLUSTER = """
@pytest.fixture(scope="session")
def cluster():
    return "a cluster"
"""

# For a run in a process of its own, whose end comes soon.
DEAF = """
import pathlib

from meshproof.plugin import interruptions, watch

watch.EVERY_SECONDS = 0.02
watch.PATIENCE_SECONDS = 0.1
interruptions.WAKE_EVERY_SECONDS = 0.1
interruptions.END_SECONDS = 0.3
interruptions.asked_of = lambda _: (watch.Asked("server", lambda: silence("server"), "start it"),)
"""

MODULE = """
import pathlib
import signal
import threading

import pytest

from meshproof.traffic import Missed

pytestmark = pytest.mark.behaviour("{behaviour}")


def lose(name):
    pathlib.Path("gone").write_text(name)


def hang():
    threading.Event().wait()


def test_a(cluster): pass


{test}


def test_z(cluster): pass
"""


def silence(name):
    gone = Path("gone")
    return "it is gone" if gone.exists() and name in gone.read_text() else None


def asked_of(_cluster):
    return tuple(
        watch.Asked(name, partial(silence, name), "start it", only_in_doubt=name == "webhook")
        for name in ("server", "istiod", "webhook")
    )


@pytest.fixture
def lossy(suite, monkeypatch):
    """Run a module in which the second of three tests does something, soon impatient with silence."""
    monkeypatch.setattr(watch, "EVERY_SECONDS", 0.02)
    monkeypatch.setattr(watch, "PATIENCE_SECONDS", 0.1)
    monkeypatch.setattr(interruptions, "WAKE_EVERY_SECONDS", 0.05)
    monkeypatch.setattr(interruptions, "asked_of", asked_of)
    monkeypatch.setattr(interruptions, "leave", lambda _code: None)
    with (suite.folder / "conftest.py").open("a") as conftest:
        conftest.write(CLUSTER)

    def run(test, *options, behaviour="TM-01"):
        suite.module(MODULE.format(test=test, behaviour=behaviour))
        return suite.run("-p", "no:randomly", *options)

    return run


def interrupted(suite):
    return suite.records[-1]["interrupted"]


@pytest.mark.parametrize("name", ["server", "istiod"])
def test_run_that_has_lost_its_cluster_ends_though_a_call_hangs(suite, lossy, name):
    result = lossy(f"def test_b(cluster): lose({name!r}); hang()")
    assert result.ret == 69
    assert suite.verdicts == {"test_a": "passed", "test_b": "error"}
    assert interrupted(suite).startswith(f"{name} has not answered for 0 s (it is gone)")


@pytest.mark.parametrize(
    "ending",
    ["pass", "assert 1 == 2", "raise Missed('not converged')", "raise KeyError('x')"],
)
def test_no_verdict_but_error_comes_from_a_cluster_that_is_gone(suite, lossy, ending):
    assert lossy(f"def test_b(cluster):\n    lose('server')\n    {ending}").ret == 69
    assert suite.verdicts == {"test_a": "passed", "test_b": "error"}


def test_test_that_fails_without_a_webhook_that_judges_is_an_error(suite, lossy):
    assert lossy("def test_b(cluster): lose('webhook'); raise Missed('not converged')").ret == 69
    assert suite.verdicts == {"test_a": "passed", "test_b": "error"}
    assert interrupted(suite).startswith("webhook has not answered")


def test_control_does_not_take_the_loss_for_the_failure_that_it_wants(suite, lossy):
    assert lossy("def test_b(cluster): lose('istiod'); raise Missed('no')", "--meshproof-control").ret != 0
    assert suite.verdicts["test_b"] == "error"


def test_failure_on_a_cluster_that_answers_stays_one(suite, lossy):
    assert lossy("def test_b(cluster): raise Missed('not converged')").ret == 1
    assert suite.verdicts == {"test_a": "passed", "test_b": "failed", "test_z": "passed"}


def test_run_goes_on_when_the_silence_ends(suite, lossy, monkeypatch):
    # Longer than the silence by far, on a busy machine, too.
    monkeypatch.setattr(watch, "PATIENCE_SECONDS", 2.0)
    back = "threading.Timer(0.1, pathlib.Path('gone').unlink).start()"
    assert lossy(f"def test_b(cluster): lose('server'); {back}; raise KeyError('x')").ret == 69
    assert suite.verdicts == {"test_a": "passed", "test_b": "error", "test_z": "passed"}


def test_disruptive_test_may_be_without_a_control_plane(suite, lossy):
    body = "def test_b(cluster): lose('istiod'); threading.Event().wait(0.4); pathlib.Path('gone').unlink()"
    lossy(body, "--meshproof-levels=disruptive", behaviour="CP-06")
    assert suite.verdicts == {"test_a": "passed", "test_b": "passed", "test_z": "passed"}


def test_what_can_still_be_tidied_up_is_left_the_time(suite, lossy):
    test = (
        "@pytest.fixture(scope='session')\n"
        "def namespace():\n"
        "    yield\n"
        "    threading.Event().wait(0.3)\n"
        "    pathlib.Path('tidy').touch()\n"
        "def test_b(cluster, namespace): lose('istiod'); hang()"
    )
    assert lossy(test).ret == 69
    assert (suite.folder / "tidy").exists()


def test_what_cannot_be_tidied_up_in_time_is_left(suite, lossy, monkeypatch):
    monkeypatch.setattr(interruptions, "TIDY_SECONDS", 0.2)
    test = (
        "@pytest.fixture(scope='session')\n"
        "def namespace():\n"
        "    yield\n"
        "    hang()\n"
        "def test_b(cluster, namespace): lose('istiod'); hang()"
    )
    assert lossy(test).ret == 69
    assert suite.verdicts == {"test_a": "passed", "test_b": "error"}
    assert interrupted(suite).startswith("istiod has not answered")


def test_what_is_tidied_up_may_hang_and_the_run_still_ends(suite, lossy):
    test = (
        "@pytest.fixture(scope='session')\n"
        "def namespace():\n"
        "    yield\n"
        "    hang()\n"
        "@pytest.fixture\n"
        "def narrow():\n"
        "    yield\n"
        "    hang()\n"
        "def test_b(cluster, namespace, narrow): lose('server'); hang()"
    )
    assert lossy(test).ret == 69
    assert suite.verdicts == {"test_a": "passed", "test_b": "error"}
    assert interrupted(suite).startswith("server has not answered")


def test_what_a_run_writes_as_it_ends_is_not_broken_off(suite, lossy, monkeypatch):
    class SlowDisk:
        def __getattr__(self, name):
            return getattr(os, name)

        def fsync(self, descriptor):
            threading.Event().wait(0.2)  # longer than it takes until what hangs is woken
            os.fsync(descriptor)

    monkeypatch.setattr(results, "os", SlowDisk())
    ended = lossy("def test_b(cluster): lose('server'); hang()")
    assert ended.ret == 69
    ended.stdout.no_fnmatch_line("*could not be tidied up*")
    assert interrupted(suite).startswith("server has not answered")


def test_run_that_cannot_be_woken_ends_itself(suite):
    with (suite.folder / "conftest.py").open("a") as conftest:
        conftest.write(CLUSTER + DEAF + inspect.getsource(silence).replace("Path(", "pathlib.Path("))
    test = (
        "def test_b(cluster):\n"
        "    lose('server')\n"
        "    while True:\n"
        "        try: hang()\n"
        "        except BaseException: pass"
    )
    suite.module(MODULE.format(test=test, behaviour="TM-01"))
    assert suite.run_apart("-p", "no:randomly").ret == 69
    assert suite.verdicts == {"test_a": "passed"}
    assert [record["kind"] for record in suite.records] == ["run", "plan", "test"]


def test_sigterm_ends_a_run_in_order_though_tidying_up_breaks(suite):
    test = (
        "@pytest.fixture(scope='session')\n"
        "def namespace():\n"
        "    yield\n"
        "    from meshproof.errors import MeshproofError\n"
        "    raise MeshproofError('the namespace is still there', 'look at its events')\n"
        "def test_b(namespace): signal.raise_signal(signal.SIGTERM)"
    )
    suite.module(MODULE.format(test=test, behaviour="TM-01").replace("(cluster)", "()"))
    result = suite.run_apart("-p", "no:randomly")
    assert result.ret == 75
    assert suite.verdicts == {"test_a": "passed"}
    assert suite.records[-1]["interrupted"] == "SIGTERM"
    said = (
        "meshproof: the run could not be tidied up (the namespace is still there; *); run `meshproof sweep`."
    )
    result.stdout.fnmatch_lines([said])


def test_signals_are_given_back(suite):
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGUSR1)]
    suite.module('import pytest\npytestmark = pytest.mark.behaviour("TM-01")\ndef test_a(): pass\n')
    assert suite.run().ret == 0
    assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGUSR1)] == before
