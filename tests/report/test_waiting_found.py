"""What the tests waited, in every rendering."""

import yaml

from meshproof.report.build import build_report
from meshproof.report.conformance import render_conformance
from meshproof.report.html import render_html
from meshproof.results import WaitingFound

WAITS = [
    {"waited": WaitingFound(seconds=30.0, late=5.0, of=100.0)},
    {"waited": WaitingFound(seconds=11.2, late=1.3, of=53.6)},
]
SENTENCE = "waited 41.2 s in all, 6.3 s of them after it was already true: 4.1% of the tests' time"


def test_waits_of_all_tests_add_up(run, catalogue):
    results = run(("TM-01", "passed", WAITS[0]), ("TM-01", "failed", WAITS[1]), ("SE-01", "passed"))
    report = build_report(results, catalogue=catalogue)
    assert str(report.waited) == SENTENCE
    assert f"The tests {SENTENCE}.".replace("'", "&#39;") in render_html(report).decode()
    assert yaml.safe_load(render_conformance(report))["waited"] == {"seconds": 41.2, "late": 6.3, "of": 153.6}


def test_control_says_what_its_own_waited(run, catalogue):
    control = run(*(("TM-01", "failed as it must", each) for each in WAITS), control=True)
    report = build_report(run(("TM-01", "passed")), control=control, catalogue=catalogue)
    assert f"They {SENTENCE}.".replace("'", "&#39;") in render_html(report).decode()
    assert "The tests waited" not in render_html(report).decode()


def test_run_that_did_not_measure_it_says_nothing(run, catalogue):
    report = build_report(run(("TM-01", "passed")), catalogue=catalogue)
    assert report.waited is None
    assert "waited" not in yaml.safe_load(render_conformance(report))
    assert " waited " not in render_html(report).decode()


def test_share_of_no_time_is_nothing():
    assert WaitingFound().share == 0.0
    assert WaitingFound.together([None]) is None
