"""From an output folder to the report in it."""

import os

import junitparser
import pytest
import yaml

from meshproof.errors import ExitCode, MeshproofError
from meshproof.report import write_report
from meshproof.report.model import Conclusion
from meshproof.results import EndRecord, ResultsWriter

RENDERINGS = ["conformance.yaml", "index.html", "junit.xml"]


def put(path, results, *, end=True):
    with ResultsWriter(path) as writer:
        for record in (results.run, results.plan, *results.tests):
            writer.write(record)
        if end:
            writer.write(EndRecord(ended=results.last_seen))


def test_the_three_renderings_and_nothing_else(tmp_path, run):
    put(tmp_path / "results.jsonl", run(("TM-01", "passed"), left_out=["TM-02"]))
    report = write_report(tmp_path)
    assert sorted(path.name for path in (tmp_path / "report").iterdir()) == RENDERINGS
    assert report.counts.passed == 1
    assert (report.conclusion, report.control, report.load) == (Conclusion.PARTIAL, None, None)
    assert {oct(path.stat().st_mode & 0o777) for path in (tmp_path / "report").iterdir()} == {
        oct(0o666 & ~_umask()),
    }


def _umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_rendering_again_changes_nothing(tmp_path, run):
    put(tmp_path / "results.jsonl", run(("TM-01", "passed")))
    write_report(tmp_path)
    before = {name: (tmp_path / "report" / name).read_bytes() for name in RENDERINGS}
    write_report(tmp_path)
    assert before == {name: (tmp_path / "report" / name).read_bytes() for name in RENDERINGS}


def test_a_run_that_was_killed_midway_still_makes_a_report(tmp_path, run):
    path = tmp_path / "results.jsonl"
    put(path, run(("TM-01", "passed"), ("TM-02", "passed"), planned=["SE-01"]), end=False)
    path.write_bytes(path.read_bytes()[:-30])
    report = write_report(tmp_path)
    assert (report.counts.passed, report.conclusion) == (1, Conclusion.PARTIAL)
    assert "cut off" in report.notes[0]
    cases = junitparser.JUnitXml.fromfile(str(tmp_path / "report" / "junit.xml"))
    document = yaml.safe_load((tmp_path / "report" / "conformance.yaml").read_text())
    passed = sum(
        area[level]["statistics"]["Passed"]
        for area in document["areas"]
        for level in ("core", "extended")
        if level in area
    )
    assert cases.tests - cases.skipped - cases.errors - cases.failures == passed == 1
    assert document["interrupted"] == "the run was cut off before its end"
    assert "cut off after" in (tmp_path / "report" / "index.html").read_text()


def test_the_control_run_and_the_load_are_shown_when_present(tmp_path, run):
    put(tmp_path / "results.jsonl", run(("TM-01", "passed")))
    put(tmp_path / "control" / "results.jsonl", run(("TM-01", "failed as it must"), control=True))
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "load.json").write_text("broken")
    report = write_report(tmp_path)
    assert report.control.failed_as_they_must == 1
    assert report.notes == ("The load run is not shown: load.json cannot be read (1 things wrong in it).",)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "control/results.jsonl does not begin with a run"),
        (b"no json\n", "line 1 of control/results.jsonl cannot be read (Invalid JSON:"),
    ],
)
def test_a_control_run_that_cannot_be_read_takes_nothing_of_the_report_away(tmp_path, run, content, why):
    put(tmp_path / "results.jsonl", run(("TM-01", "passed")))
    (tmp_path / "control").mkdir()
    (tmp_path / "control" / "results.jsonl").write_bytes(content)
    report = write_report(tmp_path)
    assert (report.control, report.counts.passed) == (None, 1)
    (note,) = report.notes
    assert note.startswith(f"The control run is not shown: {why}")
    assert "The control run is not shown" in (tmp_path / "report" / "index.html").read_text()


@pytest.mark.parametrize(
    ("tests", "control", "why"),
    [
        ([("TM-01", "passed")], False, "control/results.jsonl is of a run that withheld nothing"),
        ([("ZZ-99", "vacuous")], True, "no behaviour has the id 'ZZ-99'"),
    ],
)
def test_what_is_no_control_run_of_these_behaviours_is_not_shown(tmp_path, run, tests, control, why):
    put(tmp_path / "results.jsonl", run(("TM-01", "passed")))
    put(tmp_path / "control" / "results.jsonl", run(*tests, control=control))
    report = write_report(tmp_path)
    assert (report.control, report.counts.passed) == (None, 1)
    assert report.notes[0].startswith(f"The control run is not shown: {why}")


def test_no_results_leave_no_report(tmp_path):
    with pytest.raises(MeshproofError) as raised:
        write_report(tmp_path)
    assert raised.value.exit_code is ExitCode.USAGE
    assert list(tmp_path.iterdir()) == []


def test_a_report_that_cannot_be_written_leaves_the_old_one_whole(tmp_path, run, monkeypatch):
    put(tmp_path / "results.jsonl", run(("TM-01", "passed")))
    write_report(tmp_path)
    before = {name: (tmp_path / "report" / name).read_bytes() for name in RENDERINGS}

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(MeshproofError, match="No space left on device") as raised:
        write_report(tmp_path)
    assert raised.value.exit_code is ExitCode.ENVIRONMENT
    assert before == {path.name: path.read_bytes() for path in (tmp_path / "report").iterdir()}
