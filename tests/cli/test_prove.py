"""How `run` and `control` end, and what they tell programs."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from meshproof.cli import prove
from meshproof.cli.subject import Subject
from meshproof.cluster.model import Cluster
from meshproof.errors import ExitCode
from meshproof.results import (
    RESULTS_FILE,
    PlannedTest,
    PlanRecord,
    ResultsWriter,
    RunRecord,
    TestRecord,
    Verdict,
)

BEGAN = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def suites(tmp_path, monkeypatch):
    """Stand in for the suites: what they were told, what they leave, and the code that they end with."""
    told = []
    ends = {"code": 0, "verdict": None}
    found = Subject(tmp_path, Cluster(tmp_path / "kubeconfig", "x"), {}, "/charts", Path("/helm"))
    monkeypatch.setattr(prove, "subject", lambda *_: found)
    monkeypatch.setenv("HELM_DRIVER", "secret")

    def attach(words):
        told.append(list(words))
        folder = Path(words[words.index("--meshproof-output") + 1])
        if ends["verdict"]:
            with ResultsWriter(folder / RESULTS_FILE) as results:
                results.write(RunRecord(run="1", meshproof="1", started=BEGAN, control=False))
                results.write(PlanRecord(tests=(PlannedTest(behaviour="TM-02", test="t"),)))
                results.write(
                    TestRecord(behaviour="TM-02", test="t", verdict=ends["verdict"], seconds=1, started=BEGAN)
                )
        return ends["code"]

    monkeypatch.setattr(prove, "attach", attach)
    return told, ends


def test_a_run_answers_programs_with_verdicts(suites, meshproof, tmp_path):
    told, ends = suites
    ends.update(code=1, verdict=Verdict.FAILED)
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
    suites[1].update(verdict=Verdict.PASSED)
    done = meshproof("run", "--output", str(tmp_path / "o"))
    assert done.returncode == ExitCode.OK
    assert f"Report: {tmp_path / 'o' / 'report' / 'index.html'}" in done.stdout


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
    assert prove.exit_code(of_pytest) is ours
