"""What is written can be read again, also after the writer was killed."""

import errno
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from meshproof.errors import ExitCode, MeshproofError
from meshproof.results import (
    EndRecord,
    Environment,
    EnvironmentRecord,
    FeatureFound,
    Implementation,
    PlannedTest,
    PlanRecord,
    Propagation,
    ResultsWriter,
    ResumeRecord,
    RunRecord,
    TestRecord,
    Verdict,
    gravest,
    read_results,
)

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
RUN = RunRecord(run="r1", meshproof="0.1.0", started=NOON, environment=Environment(istio="1.31.1"))
PLAN = PlanRecord(tests=(PlannedTest(behaviour="TM-02", test="t.py::test_a"),))
TEST = TestRecord(behaviour="TM-02", test="t.py::test_a", verdict=Verdict.PASSED, seconds=1.2, started=NOON)
END = EndRecord(ended=NOON)
RESUME = ResumeRecord(run="r2", meshproof="0.1.0", started=NOON)
ERROR = TEST.model_copy(update={"verdict": Verdict.ERROR})


def write(path, *records):
    with ResultsWriter(path) as writer:
        for record in records:
            writer.write(record)
    return path


def test_what_is_written_is_read(tmp_path):
    results = read_results(write(tmp_path / "new" / "results.jsonl", RUN, PLAN, TEST, END))
    assert (results.run, results.plan, results.tests, results.end) == (RUN, PLAN, (TEST,), END)
    assert results.torn is None
    assert results.interrupted is None
    assert results.last_seen == NOON


def test_each_record_is_on_the_disk_when_write_returns(tmp_path, monkeypatch):
    synced = []
    monkeypatch.setattr(os, "fsync", synced.append)
    path = tmp_path / "results.jsonl"
    with ResultsWriter(path) as writer:
        writer.write(RUN)
        assert path.read_text().count("\n") == 1
        writer.write(PLAN)
        assert path.read_text().count("\n") == 2
    assert len(synced) == 2


def test_a_killed_writer_loses_nothing_that_it_wrote(tmp_path):
    path = tmp_path / "results.jsonl"
    code = (
        "import os, pathlib, signal, sys\n"
        "from meshproof.results import PlanRecord, ResultsWriter, RunRecord, TestRecord\n"
        "writer = ResultsWriter(pathlib.Path(sys.argv[1]))\n"
        "for kind, text in zip((RunRecord, PlanRecord, TestRecord), sys.argv[2:], strict=True):\n"
        "    writer.write(kind.model_validate_json(text))\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    records = [record.model_dump_json() for record in (RUN, PLAN, TEST)]
    killed = subprocess.run([sys.executable, "-c", code, str(path), *records], check=False, timeout=60)
    assert killed.returncode == -signal.SIGKILL
    results = read_results(path)
    assert results.tests == (TEST,)
    assert results.interrupted == "the run was cut off before its end"


@pytest.mark.parametrize("cut", [1, 2, 40])
def test_a_torn_last_line_is_left_out_and_said(tmp_path, cut):
    path = write(tmp_path / "results.jsonl", RUN, PLAN, TEST, TEST)
    path.write_bytes(path.read_bytes()[: -1 - cut])
    results = read_results(path)
    assert results.tests == (TEST,)
    assert "line 4 of results.jsonl was cut off" in results.torn
    assert results.interrupted


def test_a_last_line_that_lacks_only_its_newline_counts(tmp_path):
    path = write(tmp_path / "results.jsonl", RUN, PLAN, TEST)
    path.write_bytes(path.read_bytes().rstrip(b"\n"))
    assert read_results(path).tests == (TEST,)


def test_environment_that_was_known_late_is_the_runs(tmp_path):
    found = EnvironmentRecord(environment=Environment(istio="1.31.1"))
    other = EnvironmentRecord(environment=Environment(istio="1.31.0"))
    run = RUN.model_copy(update={"environment": Environment()})
    results = read_results(write(tmp_path / "results.jsonl", run, PLAN, found, TEST, other))
    assert results.run.environment.istio == "1.31.1"


@pytest.mark.parametrize(
    ("records", "tests", "ended"),
    [
        pytest.param((ERROR, END, RESUME, PLAN, TEST, END), (TEST,), True, id="error-tried-again"),
        pytest.param((TEST, RESUME, PLAN, END), (TEST,), True, id="killed-then-nothing-open"),
        pytest.param((ERROR, RESUME, PLAN, TEST, RESUME), (TEST,), False, id="cut-off-again"),
    ],
)
def test_each_test_of_a_resumed_run_counts_once_with_its_last_word(tmp_path, records, tests, ended):
    results = read_results(write(tmp_path / "results.jsonl", RUN, PLAN, *records))
    assert results.tests == tests
    assert (results.interrupted is None) is ended
    assert results.resumed == records.count(RESUME)


@pytest.mark.parametrize(
    ("tail", "kept"),
    [
        pytest.param(b'{"kind":"test","behav', 2, id="torn-line-is-cut-away"),
        pytest.param(TEST.model_dump_json().encode(), 3, id="whole-line-without-its-end-is-kept"),
        pytest.param(b"", 2, id="nothing-is-torn"),
    ],
)
def test_a_resumed_file_goes_on_after_its_last_whole_line(tmp_path, tail, kept):
    path = write(tmp_path / "results.jsonl", RUN, PLAN)
    with path.open("ab") as file:
        file.write(tail)
    with ResultsWriter(path, resume=True) as writer:
        writer.write(RESUME)
    assert len(path.read_bytes().splitlines()) == kept + 1
    assert read_results(path).torn is None
    assert len(read_results(path).tests) == kept - 2


def test_a_broken_line_in_the_middle_is_an_error(tmp_path):
    path = write(tmp_path / "results.jsonl", RUN, PLAN, TEST)
    first, plan, rest = path.read_bytes().split(b"\n", 2)
    path.write_bytes(b"\n".join([first, plan[:20], rest]))
    with pytest.raises(MeshproofError, match=r"line 2 of .* cannot be read") as raised:
        read_results(path)
    assert raised.value.exit_code is ExitCode.USAGE


@pytest.mark.parametrize("content", [b"", b'{"kind":"ru', TEST.model_dump_json().encode() + b"\n"])
def test_results_without_a_run_are_refused(tmp_path, content):
    path = tmp_path / "results.jsonl"
    path.write_bytes(content)
    with pytest.raises(MeshproofError, match="does not begin with a run"):
        read_results(path)


@pytest.mark.parametrize(
    "records",
    [
        pytest.param((RUN, PLAN, PLAN), id="second-plan"),
        pytest.param((RUN, PLAN, RUN), id="second-run"),
        pytest.param((RUN, TEST), id="test-before-the-plan"),
        pytest.param((RUN, PLAN, END, TEST), id="test-after-the-end"),
        pytest.param((RUN, PLAN, END, RESUME, TEST), id="test-before-the-plan-of-its-part"),
        pytest.param(
            (RUN, PLAN, TEST.model_copy(update={"verdict": Verdict.VACUOUS})), id="control-verdict-in-a-run"
        ),
        pytest.param((RUN.model_copy(update={"control": True}), PLAN, TEST), id="passed-in-a-control-run"),
    ],
)
def test_a_record_out_of_place_is_an_error(tmp_path, records):
    with pytest.raises(MeshproofError, match="has no place here"):
        read_results(write(tmp_path / "results.jsonl", *records))


def test_no_results_is_a_usage_error(tmp_path):
    with pytest.raises(MeshproofError, match=r"cannot read results from .*No such file") as raised:
        read_results(tmp_path / "results.jsonl")
    assert raised.value.exit_code is ExitCode.USAGE


def test_results_of_an_earlier_run_are_kept(tmp_path):
    path = write(tmp_path / "results.jsonl", RUN)
    before = path.read_bytes()
    with pytest.raises(MeshproofError, match="holds the results of an earlier run"):
        ResultsWriter(path)
    assert path.read_bytes() == before


def test_a_folder_that_cannot_be_made_is_said(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(MeshproofError, match="cannot write results to"):
        ResultsWriter(tmp_path / "file" / "results.jsonl")


def test_a_full_disk_is_said(tmp_path, monkeypatch):
    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with (
        ResultsWriter(tmp_path / "results.jsonl") as writer,
        pytest.raises(MeshproofError, match="No space left on device") as raised,
    ):
        writer.write(RUN)
    assert raised.value.exit_code is ExitCode.ENVIRONMENT


def test_no_line_holds_a_credential(tmp_path):
    url = "https://user:kanarienvogel@registry/"
    feature = FeatureFound(name="egress", offered=True, value=url, found=f"answers at {url}")
    records = (
        RUN.model_copy(update={"implementation": Implementation(url=url)}),
        RunRecord(run="r1", meshproof="0.1.0", started=NOON, options={"--meshproof-charts": url}),
        EnvironmentRecord(environment=Environment(features=(feature,))),
        TestRecord(**TEST.model_dump() | {"reason": url, "propagation": Propagation(reason=url)}),
        EndRecord(ended=NOON, interrupted=url),
    )
    path = write(tmp_path / "results.jsonl", *records)
    lines = path.read_text().splitlines()
    assert [line.count("https://(hidden)@registry/") for line in lines] == [1, 1, 2, 2, 1]
    assert "kanarienvogel" not in path.read_text()


def test_test_is_called_as_pytest_calls_it(tmp_path):
    # A run that is resumed finds it again by this name.
    name = "t.py::test_header[authorization: Bearer jason]"
    plan = PlanRecord(tests=(PlannedTest(behaviour="TM-02", test=name),))
    path = write(tmp_path / "results.jsonl", RUN, plan, TEST.model_copy(update={"test": name}))
    assert [test.test for test in read_results(path).tests] == [name]


def test_text_that_no_file_can_hold_does_not_cost_the_verdict(tmp_path):
    hostile = TEST.model_dump() | {
        "evidence": "\x1b[31mred\x1b[0m \x00 \udc80 \u202e\r\nnext",
    }
    path = write(tmp_path / "results.jsonl", RUN, PLAN, TestRecord(**hostile))
    (test,) = read_results(path).tests
    assert test.evidence == "red \ufffd \ufffd \ufffd\nnext"


@pytest.mark.parametrize(
    "wrong",
    [
        {"verdict": "not run"},
        {"verdict": "skipped"},
        {"behaviour": "tm-2"},
        {"seconds": -1},
        {"seconds": float("nan")},
        {"started": datetime(2026, 11, 21)},  # noqa: DTZ001  # without a time zone, on purpose
        {"surplus": 1},
    ],
)
def test_a_wrong_record_cannot_be_made(wrong):
    with pytest.raises(ValidationError):
        TestRecord(**(TEST.model_dump() | wrong))


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        ([Verdict.ERROR, Verdict.FAILED], Verdict.FAILED),
        ([Verdict.PASSED, Verdict.ERROR, Verdict.NOT_OFFERED], Verdict.ERROR),
        ([Verdict.ERROR, Verdict.VACUOUS], Verdict.VACUOUS),
        ([Verdict.PASSED, Verdict.NOT_OFFERED], Verdict.NOT_OFFERED),
        ([], Verdict.NOT_RUN),
    ],
)
def test_the_gravest_verdict_speaks_for_a_behaviour(verdicts, expected):
    assert gravest(verdicts) is expected


def test_every_verdict_has_its_place_in_the_order():
    assert {gravest([verdict]) for verdict in Verdict} == set(Verdict)
