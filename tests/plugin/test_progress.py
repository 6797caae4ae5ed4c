"""What a run prints while it goes on."""

from datetime import UTC, datetime
from io import StringIO
from types import SimpleNamespace

import pytest
from rich.console import Console

from meshproof.plugin.progress import Lines
from meshproof.results import PlannedTest, PlanRecord, TestRecord

PAIR = """
import pytest
from meshproof.traffic import Missed

pytestmark = pytest.mark.behaviour({id!r})


def test_a(): pass
def test_b(): {b}
"""


@pytest.fixture
def suite_of_two(suite, monkeypatch):
    monkeypatch.delenv("CI", raising=False)
    suite.module(PAIR.format(id="TM-01", b="pass"), "test_1")
    missed = 'raise Missed("not converged within 30 s\\n  last  status 503")'
    suite.module(PAIR.format(id="TM-02", b=missed), "test_2")
    return suite


def test_a_behaviour_has_one_line_and_a_failure_is_told_once(suite_of_two):
    result = suite_of_two.run("--meshproof-progress", "lines")
    result.stdout.fnmatch_lines(
        [
            "TM-01  passed * s  A route to a subset*",
            "TM-02  failed * s  *",
            "       not converged within 30 s",
            "*FAILURES*",
            "test_2.py:*: in test_b",
            "E     last  status 503",
        ]
    )
    text = result.stdout.str()
    assert text.count("TM-01") == text.count("TM-02") == 1
    assert text.count("E     last  status 503") == 1
    for noise in ("test session starts", "short test summary", "100%", "test_1.py ", "= behaviours ="):
        assert noise not in text


def test_a_line_comes_when_the_last_test_of_its_behaviour_has_ended():
    recorder = SimpleNamespace(heard=[], records={}, settled=set(), planned={})
    console = Console(file=StringIO())
    lines = Lines(None, recorder, console, live=False)

    def hear(record):
        if isinstance(record, TestRecord):
            recorder.records[record.test] = record
        for tell in recorder.heard:
            tell(record)
        return console.file.getvalue()

    tests = [PlannedTest(behaviour="TM-01", test=name) for name in ("a", "b")]
    left_out = PlannedTest(behaviour="TM-01", test="c", selected=False)
    assert lines
    assert not hear(PlanRecord(tests=(*tests, left_out)))
    fields = {"behaviour": "TM-01", "verdict": "passed", "started": datetime.now(UTC)}
    assert not hear(TestRecord(test="a", seconds=1.5, **fields))
    assert hear(TestRecord(test="b", seconds=2.0, **fields)).startswith(
        "TM-01  passed              3.5 s  A route"
    )


def test_v_brings_pytest_back(suite_of_two):
    result = suite_of_two.run("--meshproof-progress", "lines", "-v")
    result.stdout.fnmatch_lines(["*test session starts*", "*test_1.py::test_a PASSED*", "*= behaviours =*"])


def test_random_order_is_announced(suite_of_two):
    result = suite_of_two.run("--meshproof-progress", "lines", "--meshproof-seed", "5")
    result.stdout.fnmatch_lines(["Random order: --seed 5", "TM-0*"])


def test_behaviours_that_were_not_finished_are_named(suite_of_two):
    suite_of_two.module(
        'import pytest\npytestmark = pytest.mark.behaviour("TM-06")\ndef test_a(): raise KeyboardInterrupt\n',
        "test_3",
    )
    result = suite_of_two.run("--meshproof-progress", "lines")
    result.stdout.fnmatch_lines(["TM-02  failed *", "Not finished: TM-06"])


@pytest.mark.processes
def test_live_progress_shows_the_same_lines(suite_of_two):
    result = suite_of_two.run_apart("--meshproof-progress", "live")
    text = result.stdout.str()
    assert text.count("passed") >= 1
    assert "TM-02" in text
    assert "2/2" in text
