"""`meshproof report` and `meshproof diff`, as they are called."""

import json

import pytest
from typer.testing import CliRunner

from meshproof.cli import app
from meshproof.errors import ExitCode, MeshproofError


@pytest.fixture
def folder(written):
    """The output folder of a run, without a report."""
    return written


@pytest.fixture
def call():
    def run(*words):
        return CliRunner().invoke(app, [str(word) for word in words])

    return run


def test_a_regression_ends_with_1_and_is_told(folder, call):
    before = folder("a", ("TM-01", "passed"))
    after = folder("b", ("TM-01", "failed", {"reason": "x[1] answered"}))
    done = call("diff", before, after)
    assert done.exit_code == ExitCode.FAILED
    assert "regressed (1)\n  TM-01  passed -> failed  A route to a subset" in done.stdout
    assert "x[1] answered" in done.stdout
    assert done.stdout.endswith("\n1 regressed.\n")


def test_anything_else_ends_with_0(folder, call):
    before = folder("a", ("TM-01", "failed"), ("TM-02", "failed"), ("TM-03", "passed"))
    after = folder(
        "b", ("TM-01", "passed"), ("TM-02", "error", {"reason": "no cluster"}), ("TM-03", "passed")
    )
    done = call("diff", before, after)
    assert done.exit_code == ExitCode.OK
    assert "fixed (1)\n  TM-01  failed -> passed" in done.stdout
    assert "no longer shown (1)\n  TM-02  failed -> error" in done.stdout
    assert done.stdout.endswith("\nNothing regressed.\n")


def test_a_pass_that_is_lost_without_a_failure_ends_with_1_and_is_told(folder, call):
    before = folder("a", ("TM-01", "passed"), ("TM-02", "passed"), ("TM-03", "passed"))
    after = folder("b", ("TM-01", "not offered", {"reason": "no ingress"}), ("TM-02", "passed"))
    done = call("diff", before, after)
    assert done.exit_code == ExitCode.FAILED
    assert "newly not offered (1)\n  TM-01  passed -> not offered" in done.stdout
    assert "no longer shown (1)\n  TM-03  passed -> planned" in done.stdout
    assert done.stdout.endswith(
        "\nNothing regressed; 2 passes lost (1 newly not offered, 1 no longer shown).\n"
    )


def test_a_proof_that_became_vacuous_ends_with_1_and_blames_no_mesh(folder, call):
    tests = [("TM-01", "passed"), ("TM-02", "passed")]
    before = folder("a", *tests, control=[("TM-01", "failed as it must"), ("TM-02", "vacuous")])
    after = folder("b", *tests, control=[("TM-01", "vacuous"), ("TM-02", "failed as it must")])
    done = call("diff", before, after)
    assert done.exit_code == ExitCode.FAILED
    assert "\nnewly vacuous (1)\n  TM-01  A route to a subset" in done.stdout
    assert "\nno longer vacuous (1)\n  TM-02  " in done.stdout
    assert "\nregressed" not in done.stdout
    assert "\nfixed" not in done.stdout
    assert done.stdout.endswith("\nNothing regressed; 1 newly vacuous.\n")


def test_programs_get_a_list_for_each_kind_of_change(folder, call):
    before = folder("a", ("TM-01", "passed"))
    done = call("diff", before, folder("b", ("TM-01", "failed", {"reason": "v3"})), "--format", "json")
    assert done.exit_code == ExitCode.FAILED
    found = json.loads(done.stdout)
    assert found["regressed"] == [
        {
            "id": "TM-01",
            "sentence": "A route to a subset sends every call to that version of reviews.",
            "before": "passed",
            "after": "failed",
            "reason": "v3",
        }
    ]
    assert found["after"]["source"] == str(before.with_name("b"))
    empty = (
        "fixed",
        "newly_not_offered",
        "no_longer_shown",
        "newly_tested",
        "changed",
        "newly_vacuous",
        "no_longer_vacuous",
        "slower",
        "environment",
    )
    assert all(found[name] == [] for name in empty)


def test_a_report_is_written_beside_the_results_it_is_made_from(folder, call):
    source = folder("a", ("TM-01", "passed"))
    done = call("report", "--from", source / "results.jsonl")
    assert (done.exit_code, (source / "report" / "index.html").is_file()) == (ExitCode.OK, True)
    assert "Conformant: 1 of 1 tested behaviours passed" in done.stdout


def test_a_report_can_be_written_elsewhere_and_still_finds_the_diagnostics(folder, call, tmp_path):
    source = folder("a", ("TM-01", "failed", {"diagnostics": "diagnostics/TM-01-1"}))
    done = call("report", "--from", source, "--output", tmp_path / "else" / "where")
    assert done.exit_code == ExitCode.OK
    page = (tmp_path / "else" / "where" / "report" / "index.html").read_text()
    assert 'href="../../../a/diagnostics/TM-01-1"' in page
    assert not (source / "report").exists()


def test_without_a_run_there_is_no_report(call):
    done = call("report")
    assert isinstance(done.exception, MeshproofError)
    assert done.exception.exit_code is ExitCode.USAGE
