"""A run that was cut off goes on where it stopped, and nothing is counted twice."""

import json

import pytest

from meshproof.plugin import interruptions
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


@pytest.mark.parametrize(("then", "now"), [(None, "2"), ("2", None), ("2", "3")])
def test_run_at_another_time_scale_is_not_resumed(suite, monkeypatch, then, now):
    suite.module(MODULE)

    def scale(value):
        if value is None:
            monkeypatch.delenv("MESHPROOF_TIME_SCALE", raising=False)
        else:
            monkeypatch.setenv("MESHPROOF_TIME_SCALE", value)

    scale(then)
    suite.run()
    assert suite.records[0]["options"].get("MESHPROOF_TIME_SCALE") == then
    scale(now)
    result = suite.run("--meshproof-resume")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    said = f"ERROR: *is of a run with other options: MESHPROOF_TIME_SCALE was {then or 'not given'}*"
    result.stderr.fnmatch_lines([said])


DESCRIBED = """
import json, pytest
from meshproof.plugin.verdicts import RECORDER
from meshproof.results import Environment, EnvironmentRecord

pytestmark = pytest.mark.behaviour("TM-01")


def known(request, **more):
    text = (request.config.rootpath / "mesh.json").read_text()
    for environment in json.loads(text):
        request.config.stash[RECORDER].take(EnvironmentRecord(environment=Environment(**environment)))


def test_a(request): known(request)
def test_b(request): known(request); raise KeyError
"""


def described(suite, *environments):
    (suite.folder / "mesh.json").write_text(json.dumps(environments))


def test_images_of_every_worker_are_known(suite):
    first, second = (
        {"istio": "1.31.1", "images": {"a": "sha256:1"}},
        {"istio": "1.31.1", "images": {"b": "sha256:2"}},
    )
    suite.module(DESCRIBED)
    described(suite, first, second, first)
    suite.run()
    assert results(suite).run.environment.images == {"a": "sha256:1", "b": "sha256:2"}
    assert [record["kind"] for record in suite.records].count("environment") == 2


def test_mesh_is_known_before_its_images_are_and_stays_the_same(suite):
    early = {"istio": "1.31.1"}
    full = {"istio": "1.31.1", "proxy_build": "stock", "images": {"a": "sha256:1"}}
    suite.module(DESCRIBED)
    described(suite, early, full)
    suite.run()
    assert results(suite).run.environment.images == {"a": "sha256:1"}
    assert [record["kind"] for record in suite.records].count("environment") == 2
    suite.run("--meshproof-resume")
    assert results(suite).interrupted is None
    described(suite, {"istio": "1.31.0"})
    assert suite.run("--meshproof-resume").ret == 64
    assert "is of another mesh" in results(suite).interrupted


def test_verdicts_of_a_mesh_that_nobody_knows_are_not_gone_on_with(suite):
    suite.module(DESCRIBED)
    described(suite)
    suite.run()
    described(suite, {"istio": "1.31.1"})
    assert suite.run("--meshproof-resume").ret == 64
    assert "does not tell of which mesh its verdicts are" in results(suite).interrupted


OFFERING = """
import pytest
from meshproof.features import Feature, Features
from meshproof.plugin import fixtures
from meshproof.results import Environment

pytestmark = pytest.mark.behaviour("IN-01")


class Cluster:
    api = None


def described(cluster, namespace, *, istio, facts, features):
    return Environment(istio=istio, features=features)


@pytest.fixture(scope="session")
def cluster(): return Cluster()
@pytest.fixture(scope="session")
def mesh(): return "1.31.1"
@pytest.fixture(scope="session", autouse=True)
def pretended():
    with pytest.MonkeyPatch.context() as patch:
        found = Features([Feature("ingress", offered=False, found="none")])
        patch.setattr(fixtures, "detect", lambda _: found)
        patch.setattr(fixtures, "describe", described)
        yield
features = fixtures.features


def test_a(): pass
"""


def test_mesh_is_recorded_with_its_features_and_so_before_any_verdict(suite, monkeypatch):
    monkeypatch.setattr(interruptions, "asked_of", lambda _: ())
    suite.module(OFFERING, "test_it")
    suite.run()
    kinds = [record["kind"] for record in suite.records]
    assert kinds == ["run", "plan", "environment", "test", "end"]
    assert suite.verdicts == {"test_a": "not offered"}
    assert results(suite).run.environment.istio == "1.31.1"
    assert [found.name for found in results(suite).run.environment.features] == ["ingress"]


def test_option_with_a_credential_is_hidden_and_is_the_same_again(cut):
    cut.clear()
    told = ("--meshproof-charts", "https://ann:s3cret@charts.example/istio")
    cut.run(*told)
    assert "s3cret" not in (cut.folder / "out" / RESULTS_FILE).read_text()
    assert cut.run("--meshproof-resume", *told).ret == 1


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


@pytest.mark.processes
def test_workers_leave_out_what_has_its_verdict(cut):
    assert cut.run("--meshproof-resume", "-n", "1").ret == 1
    assert cut.ran() == ["breaks", "cut", "turn"]
    assert verdicts(cut) == ALL
