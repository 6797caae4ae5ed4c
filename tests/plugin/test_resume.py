"""A run that was cut off goes on where it stopped, and nothing is counted twice."""

import pytest

from meshproof.results import RESULTS_FILE, Verdict, read_results

MODULE = """
import pathlib, pytest
from meshproof.errors import MeshproofError
from meshproof.traffic import Missed

pytestmark = pytest.mark.behaviour("TM-01")
LATER = pathlib.Path("later").exists()


def note(name):
    with pathlib.Path("ran").open("a") as ran: print(name, file=ran)
def test_passes(): note("passes")
def test_misses(): note("misses"); raise Missed("not converged")
def test_breaks_once():
    note("breaks")
    if not LATER: raise MeshproofError("istiod does not answer", "look at its log")
def test_is_cut_off():
    note("cut")
    if not LATER: raise KeyboardInterrupt
def test_had_no_turn(): note("turn")
"""


@pytest.fixture
def cut(suite):
    """A suite whose run was cut off in its fourth test."""
    suite.module(MODULE)
    assert suite.run().ret == 75
    suite.ran()
    (suite.folder / "later").touch()
    return suite


def results(suite):
    return read_results(suite.folder / "out" / RESULTS_FILE)


def verdicts(suite):
    return {test.test.rpartition("::")[2]: test.verdict for test in results(suite).tests}


ALL = {
    "test_passes": Verdict.PASSED,
    "test_misses": Verdict.FAILED,
    "test_breaks_once": Verdict.PASSED,
    "test_is_cut_off": Verdict.PASSED,
    "test_had_no_turn": Verdict.PASSED,
}


@pytest.mark.parametrize("torn", [False, True], ids=["interrupted", "killed"])
def test_resumed_run_tries_what_is_open_and_what_broke(cut, torn):
    file = cut.folder / "out" / RESULTS_FILE
    if torn:
        lines = file.read_bytes().splitlines(keepends=True)
        file.write_bytes(b"".join(lines[:-1]) + b'{"kind":"test","beha')
    assert results(cut).interrupted
    assert cut.run("--meshproof-resume").ret == 1, "a failure of the first part still counts"
    assert cut.ran() == ["breaks", "cut", "turn"]
    assert verdicts(cut) == ALL
    assert results(cut).interrupted is None
    assert results(cut).resumed == 1
    assert all(planned.selected for planned in results(cut).plan.tests)


def test_resuming_a_run_that_is_complete_runs_nothing_and_ends_the_same(cut):
    cut.run("--meshproof-resume")
    cut.ran()
    assert cut.run("--meshproof-resume").ret == 1
    assert cut.ran() == []
    assert verdicts(cut) == ALL
    assert results(cut).resumed == 2


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--meshproof-control"], "--meshproof-control was not given"),
        (["--meshproof-context", "other"], "--meshproof-context was not given"),
        (["--meshproof-budget", "converge=60"], "--meshproof-budget was not given"),
        (["-k", "passes"], "-k was not given"),
    ],
)
def test_run_with_other_options_is_not_resumed(cut, options, said):
    before = (cut.folder / "out" / RESULTS_FILE).read_bytes()
    result = cut.run("--meshproof-resume", *options)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: *is of a run with other options: *{said}*"])
    assert (cut.folder / "out" / RESULTS_FILE).read_bytes() == before


def test_run_on_another_mesh_is_not_resumed(suite):
    described = """
import pytest
from meshproof.plugin.verdicts import RECORDER
from meshproof.results import Environment, EnvironmentRecord

pytestmark = pytest.mark.behaviour("TM-01")


@pytest.fixture(scope="session")
def mesh(request):
    environment = Environment(istio=(request.config.rootpath / "istio").read_text())
    request.config.stash[RECORDER].take(EnvironmentRecord(environment=environment))


def test_a(mesh): raise KeyError
def test_b(mesh): pass
"""
    suite.module(described)
    (suite.folder / "istio").write_text("1.31.1")
    suite.run()
    assert results(suite).run.environment.istio == "1.31.1"
    (suite.folder / "istio").write_text("1.31.0")
    assert suite.run("--meshproof-resume").ret == 64
    assert "is of another mesh" in results(suite).interrupted
    (suite.folder / "istio").write_text("1.31.1")
    assert suite.run("--meshproof-resume").ret == 69
    assert verdicts(suite) == {"test_a": Verdict.ERROR, "test_b": Verdict.PASSED}


def test_there_must_be_a_run_to_resume(suite):
    suite.module(MODULE)
    result = suite.run("--meshproof-resume")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: cannot read results from *"])


def test_workers_leave_out_what_has_its_verdict(cut):
    assert cut.run("--meshproof-resume", "-n", "1").ret == 1
    assert cut.ran() == ["breaks", "cut", "turn"]
    assert verdicts(cut) == ALL
