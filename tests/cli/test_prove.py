"""How `run` and `control` end, and what they tell programs."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from meshproof.behaviours import CATALOGUE, Level
from meshproof.cli import prove
from meshproof.cli.ending import exit_code
from meshproof.cli.subject import Subject
from meshproof.cluster.model import Cluster
from meshproof.errors import ExitCode
from meshproof.results import (
    KNOWN_FAILURE,
    RESULTS_FILE,
    EndRecord,
    PlannedTest,
    PlanRecord,
    ResultsWriter,
    RunRecord,
    TestRecord,
    Verdict,
)

EXTENDED = next(each.id for each in CATALOGUE.values() if each.level is Level.EXTENDED)
BEGAN = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def suites(tmp_path, monkeypatch):
    """Stand in for the suites: what they were told, what they leave, and the code that they end with."""
    told = []
    ends = {"code": 0, "verdicts": {}, "left_out": (), "never_came": (), "known": ""}
    found = Subject(tmp_path, Cluster(tmp_path / "kubeconfig", "x"), {}, "/charts", Path("/helm"))
    monkeypatch.setattr(prove, "subject", lambda *_: found)
    monkeypatch.setenv("HELM_DRIVER", "secret")

    def attach(words):
        told.append(list(words))
        folder = Path(words[words.index("--meshproof-output") + 1])
        if ends["verdicts"]:
            leave(folder / RESULTS_FILE, control="--meshproof-control" in words)
        return ends["code"]

    def leave(file, *, control):
        ids, left_out = (*ends["verdicts"], *ends["never_came"]), ends["left_out"]
        planned = [PlannedTest(behaviour=each, test=each) for each in ids]
        planned += [PlannedTest(behaviour=each, test=each, selected=False) for each in left_out]
        with ResultsWriter(file) as results:
            options = {KNOWN_FAILURE: ends["known"]} if ends["known"] else {}
            results.write(RunRecord(run="1", meshproof="1", started=BEGAN, control=control, options=options))
            results.write(PlanRecord(tests=planned))
            for each, verdict in ends["verdicts"].items():
                results.write(
                    TestRecord(behaviour=each, test=each, verdict=verdict, seconds=1, started=BEGAN)
                )
            results.write(EndRecord(ended=BEGAN, interrupted="Ctrl-C" if ends["never_came"] else None))

    monkeypatch.setattr(prove, "attach", attach)
    return told, ends


@pytest.fixture
def run_with(suites, meshproof, tmp_path):
    """Run suites that end in a certain way, as a program would."""

    def run(**ends):
        suites[1].update(**ends)
        return meshproof("run", "--output", str(tmp_path / "o"), "--format", "json")

    return run


def test_a_run_answers_programs_with_verdicts(suites, meshproof, tmp_path):
    told, ends = suites
    ends.update(code=1, verdicts={"TM-02": Verdict.FAILED})
    done = meshproof("run", "--output", str(tmp_path / "o"), "--format", "json", "--areas", "traffic")
    assert done.returncode == ExitCode.FAILED
    answer = json.loads(done.stdout)
    assert answer["exit_code"] == ExitCode.FAILED
    assert answer["behaviours"]["TM-02"] == "failed"
    assert Path(answer["report"]).is_dir()
    assert "Report:" in done.stderr
    assert "--meshproof-areas=traffic" in told[0]


def test_a_run_without_results_answers_with_its_code(suites, meshproof, tmp_path):
    suites[1].update(code=69)
    done = meshproof("run", "--output", str(tmp_path / "o"), "--format", "json")
    assert json.loads(done.stdout) == {"exit_code": 69, "output": str(tmp_path / "o")}


def test_people_are_told_where_the_report_is(suites, meshproof, tmp_path):
    suites[1].update(verdicts={"TM-02": Verdict.PASSED})
    done = meshproof("run", "--output", str(tmp_path / "o"))
    assert done.returncode == ExitCode.OK
    assert f"Report: {tmp_path / 'o' / 'report' / 'index.html'}" in done.stdout


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_refused_run_says_nothing_of_an_earlier_one(suites, meshproof, tmp_path, form):
    output = tmp_path / "o"
    suites[1].update(verdicts={"TM-02": Verdict.PASSED})
    meshproof("run", "--output", str(output))
    page = output / "report" / "index.html"
    page.write_text("as it was")
    suites[1].update(code=4, verdicts={})
    done = meshproof("run", "--output", str(output), "--format", form)
    assert done.returncode == ExitCode.USAGE
    assert page.read_text() == "as it was"
    if form == "json":
        assert json.loads(done.stdout) == {"exit_code": 64, "output": str(output)}
    else:
        assert "Report:" not in done.stdout


@pytest.mark.parametrize(
    ("of_pytest", "verdicts", "ours"),
    [
        pytest.param(0, {"TM-02": "passed"}, ExitCode.OK, id="what-was-selected-passed"),
        pytest.param(0, {"TM-02": "not offered"}, ExitCode.INTERRUPTED, id="nothing-passed"),
        pytest.param(
            0, {"TM-01": "passed", "TM-02": "not offered"}, ExitCode.INTERRUPTED, id="core-not-offered"
        ),
        pytest.param(0, {"TM-02": "passed", EXTENDED: "not offered"}, ExitCode.OK, id="extended-not-offered"),
        pytest.param(1, {"TM-02": "failed"}, ExitCode.FAILED, id="failed"),
        pytest.param(69, {"TM-02": "error"}, ExitCode.ENVIRONMENT, id="error-stays-what-it-is"),
        pytest.param(0, {"TM-02": "passed", "TM-01": "failed"}, ExitCode.FAILED, id="failed-before-resuming"),
        pytest.param(2, {"TM-02": "failed"}, ExitCode.INTERRUPTED, id="interrupted-stays-what-it-is"),
    ],
)
def test_a_run_ends_as_its_report_concludes(run_with, of_pytest, verdicts, ours):
    found = {each: Verdict(verdict) for each, verdict in verdicts.items()}
    done = run_with(code=of_pytest, verdicts=found, left_out=("TM-03",))
    assert done.returncode == ours
    assert json.loads(done.stdout)["exit_code"] == ours


@pytest.mark.parametrize(("known", "ours"), [("TM-01,IN-06", ExitCode.OK), ("IN-06", ExitCode.FAILED)])
def test_a_known_failure_fails_no_run_and_stays_in_its_report(run_with, known, ours):
    found = {"TM-02": Verdict.PASSED, "TM-01": Verdict.FAILED}
    done = run_with(verdicts=found, known=known)
    assert done.returncode == ours
    assert json.loads(done.stdout)["behaviours"]["TM-01"] == "failed"


@pytest.mark.parametrize("of_pytest", [0, 69])
def test_a_behaviour_that_passed_its_control_fails_the_run(suites, meshproof, tmp_path, of_pytest):
    suites[1].update(code=1, verdicts={"TM-02": Verdict.VACUOUS})
    meshproof("control", "--output", str(tmp_path / "o"))
    suites[1].update(code=of_pytest, verdicts={"TM-02": Verdict.PASSED})
    assert meshproof("run", "--output", str(tmp_path / "o")).returncode == ExitCode.FAILED


@pytest.mark.parametrize(
    ("of_pytest", "verdict", "ours"),
    [(1, Verdict.FAILED, ExitCode.FAILED), (0, Verdict.PASSED, ExitCode.ENVIRONMENT)],
)
def test_a_report_that_cannot_be_written_hides_no_failure(run_with, tmp_path, of_pytest, verdict, ours):
    (tmp_path / "o").mkdir()
    (tmp_path / "o" / "report").write_text("in the way")
    done = run_with(code=of_pytest, verdicts={"TM-02": verdict})
    assert done.returncode == ours
    answer = json.loads(done.stdout)
    assert answer["exit_code"] == ours
    assert "cannot write the report" in answer["error"]
    assert answer["do"].startswith("make room there")
    assert "meshproof: cannot write the report" in done.stderr


def test_a_control_run_answers_programs_with_its_own_verdicts(suites, meshproof, tmp_path):
    output = tmp_path / "o"
    suites[1].update(verdicts={"TM-02": Verdict.PASSED})
    meshproof("run", "--output", str(output))
    found = {"TM-02": Verdict.FAILED_AS_IT_MUST, "TM-01": Verdict.VACUOUS}
    suites[1].update(code=1, verdicts=found, never_came=("SE-02",), left_out=("TM-03",))
    done = meshproof("control", "--output", str(output), "--format", "json")
    assert json.loads(done.stdout) == {
        "exit_code": 1,
        "output": str(output),
        "report": str(output / "report"),
        "behaviours": {"TM-02": "failed as it must", "TM-01": "vacuous", "SE-02": "interrupted"},
    }


def test_a_control_run_answers_without_a_run_beside_it(suites, meshproof, tmp_path):
    suites[1].update(verdicts={"TM-02": Verdict.FAILED_AS_IT_MUST})
    done = meshproof("control", "--output", str(tmp_path / "o"), "--format", "json")
    assert json.loads(done.stdout)["behaviours"] == {"TM-02": "failed as it must"}


def test_a_control_run_has_a_folder_of_its_own(suites, meshproof, tmp_path):
    meshproof("control", "--output", str(tmp_path / "o"))
    words = suites[0][0]
    assert "--meshproof-control" in words
    assert words[words.index("--meshproof-output") + 1] == str(tmp_path / "o" / "control")


@pytest.mark.usefixtures("suites")
def test_helm_notes_releases_where_no_secret_need_be_read(meshproof, tmp_path):
    meshproof("run", "--output", str(tmp_path / "o"))
    assert os.environ["HELM_DRIVER"] == "configmap"


@pytest.mark.parametrize(
    ("of_pytest", "ours"),
    [
        (0, ExitCode.OK),
        (1, ExitCode.FAILED),
        (2, ExitCode.INTERRUPTED),
        (3, ExitCode.ENVIRONMENT),
        (4, ExitCode.USAGE),
        (5, ExitCode.USAGE),
        (69, ExitCode.ENVIRONMENT),
        (75, ExitCode.INTERRUPTED),
        (-2, ExitCode.INTERRUPTED),
        (-15, ExitCode.INTERRUPTED),
        (-9, ExitCode.ENVIRONMENT),
    ],
)
def test_every_end_of_pytest_has_a_documented_code(of_pytest, ours):
    assert exit_code(of_pytest) is ours
