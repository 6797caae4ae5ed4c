"""A behaviour that a mesh is known not to keep stays failed, and does not fail the run."""

import pytest

MODULE = """
import pytest
from meshproof.traffic import Missed

pytestmark = pytest.mark.behaviour({behaviour!r})


def test_it(): {body}
"""
MISSED = "raise Missed('not converged')"
KNOWN = ("--meshproof-known-failure", "TM-01")


@pytest.fixture
def prove(suite):
    """Run a module for each of the given behaviours and bodies, TM-01 being a known failure."""

    def run(*options, **bodies):
        for behaviour, body in bodies.items():
            name = behaviour.replace("_", "-")
            suite.module(MODULE.format(behaviour=name, body=body), f"test_{behaviour}")
        return suite.run("-p", "no:randomly", *KNOWN, *options)

    return run


@pytest.mark.parametrize(
    ("bodies", "code"),
    [
        ({"TM_01": MISSED}, 0),
        ({"TM_01": MISSED, "TM_02": "pass"}, 0),
        ({"TM_01": "pass"}, 0),
        ({"TM_01": MISSED, "TM_02": MISSED}, 1),
        ({"TM_01": "raise KeyError('x')"}, 69),
        ({"TM_01": MISSED, "TM_02": "raise KeyError('x')"}, 69),
    ],
    ids=str,
)
def test_run_fails_by_everything_else(suite, prove, bodies, code):
    assert prove(**bodies).ret == code
    assert suite.verdicts["test_it"]


def test_failure_that_is_no_behaviours_still_fails_the_run(suite, prove):
    suite.module("def test_other(): assert 1 == 2", "test_other")
    assert prove(TM_01=MISSED).ret == 1


def test_verdict_stays_failed_and_the_end_says_what_became_of_it(suite, prove):
    result = prove(TM_01=MISSED)
    assert suite.verdicts == {"test_it": "failed"}
    assert suite.records[0]["options"]["--meshproof-known-failure"] == "TM-01"
    result.stdout.fnmatch_lines(["--meshproof-known-failure: a failure does not fail the run: TM-01 failed"])


def test_known_failure_that_passes_is_said(prove):
    prove(TM_01="pass").stdout.fnmatch_lines(["*a failure does not fail the run: TM-01 passed"])


def test_control_has_no_known_failures(prove):
    assert prove("--meshproof-control", TM_01="pass").ret == 1


def test_what_is_no_behaviour_cannot_be_known_to_fail(suite):
    suite.module(MODULE.format(behaviour="TM-01", body="pass"))
    result = suite.run("--meshproof-known-failure", "XX-01")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--meshproof-known-failure XX-01: there is no such behaviour;*"])
