"""From what a test does to a verdict, an exit code, a line in the results and a line on the terminal."""

import pytest

MODULE = """
import pytest
from meshproof.errors import MeshproofError
from meshproof.traffic import Missed

pytestmark = pytest.mark.behaviour("TM-01")


@pytest.fixture
def broken():
    raise RuntimeError("no cluster")


@pytest.fixture
def hopeful():
    raise Missed("missed in a fixture")


def test_passes(): pass
def test_misses(): raise Missed("not converged within 30 s\\n  call  probe-a -> GET x\\n  last  status 503")
def test_asserts(): assert 1 == 2
def test_breaks(): raise KeyError("x-served-by")
def test_has_no_cluster(): raise MeshproofError("istiod does not answer", "look at its log")
def test_setup_breaks(broken): pass
def test_setup_is_hopeful(hopeful): pass
"""

ORDINARY = {
    "test_passes": "passed",
    "test_misses": "failed",
    "test_asserts": "failed",
    "test_breaks": "error",
    "test_has_no_cluster": "error",
    "test_setup_breaks": "error",
    "test_setup_is_hopeful": "error",
}
CONTROL = {**ORDINARY, "test_passes": "vacuous", "test_misses": "failed as it must", "test_asserts": "error"}


@pytest.mark.parametrize(("options", "verdicts"), [([], ORDINARY), (["--meshproof-control"], CONTROL)])
def test_only_the_test_itself_passes_or_fails_a_behaviour(suite, options, verdicts):
    suite.module(MODULE)
    result = suite.run(*options)
    assert suite.verdicts == verdicts
    assert result.ret == 1


@pytest.mark.parametrize(
    ("chosen", "options", "code"),
    [
        ("passes", [], 0),
        ("misses", [], 1),
        ("passes or misses", [], 1),
        ("breaks", [], 69),
        ("misses or has_no_cluster", [], 1),
        ("passes or has_no_cluster", [], 69),
        ("test_misses", ["--meshproof-control"], 0),
        ("test_passes", ["--meshproof-control"], 1),
        ("test_breaks", ["--meshproof-control"], 69),
        ("test_passes or test_breaks", ["--meshproof-control"], 1),
    ],
)
def test_exit_code_says_what_the_verdicts_say(suite, chosen, options, code):
    suite.module(MODULE)
    assert suite.run("-k", chosen, *options).ret == code


def test_record_carries_reason_and_evidence(suite):
    suite.module(MODULE)
    suite.run("-k", "test_misses", "-p", "no:cacheprovider")
    run, plan, test, end = suite.records
    assert run["kind"] == "run"
    assert run["control"] is False
    assert run["options"] == {"-k": "test_misses"}
    assert [planned["test"] for planned in plan["tests"]] == [f"test_it.py::{name}" for name in ORDINARY]
    assert test["behaviour"] == "TM-01"
    assert test["reason"] == "not converged within 30 s"
    assert test["evidence"].splitlines() == ["  call  probe-a -> GET x", "  last  status 503"]
    assert end["interrupted"] is None


def test_verdict_is_written_before_the_next_test_starts(suite):
    suite.module(
        "import pathlib, pytest\n"
        'pytestmark = pytest.mark.behaviour("TM-01")\n'
        "def test_a(): pass\n"
        "def test_b(): assert 'test_a' in pathlib.Path('out/results.jsonl').read_text().splitlines()[-1]\n"
    )
    suite.run().assert_outcomes(passed=2)


@pytest.mark.processes
def test_set_up_that_all_share_is_no_tests_time(suite):
    suite.module(
        "import pytest, time\n"
        'pytestmark = pytest.mark.behaviour("TM-01")\n'
        "@pytest.fixture(scope='session')\n"
        "def inner(): time.sleep(0.4)\n"
        "@pytest.fixture(scope='session')\n"
        "def slow(request): request.getfixturevalue('inner'); time.sleep(0.4)\n"
        "def test_a(slow): pass\n"
    )
    suite.run()
    (test,) = [record for record in suite.records if record["kind"] == "test"]
    assert test["seconds"] < 0.3


@pytest.mark.processes
def test_interrupted_run_keeps_its_verdicts_and_says_so(suite):
    suite.module(
        "import pytest\n"
        'pytestmark = pytest.mark.behaviour("TM-01")\n'
        "def test_a(): pass\n"
        "def test_b(): raise KeyboardInterrupt\n"
        "def test_c(): pass\n"
    )
    assert suite.run_apart().ret == 75
    assert suite.verdicts == {"test_a": "passed"}
    assert suite.records[-1]["interrupted"] == "Ctrl-C"


@pytest.mark.processes
def test_run_stopped_while_it_tidies_up_keeps_the_last_verdict(suite):
    suite.module(
        "import pytest\n"
        'pytestmark = pytest.mark.behaviour("TM-01")\n'
        "@pytest.fixture(scope='session')\n"
        "def namespace():\n"
        "    yield\n"
        "    raise KeyboardInterrupt\n"
        "def test_a(namespace): pass\n"
    )
    assert suite.run_apart().ret == 75
    assert suite.verdicts == {"test_a": "passed"}


def test_failure_ends_at_the_tests_own_line(suite):
    suite.module(MODULE)
    result = suite.run("-k", "test_misses")
    result.stdout.fnmatch_lines(
        [
            "test_it.py:*: in test_misses",
            "E   *Missed: not converged within 30 s",
            "E     call  probe-a -> GET x",
            "E     last  status 503",
        ]
    )


def test_terminal_shows_one_line_per_behaviour(suite):
    suite.module(MODULE)
    suite.module(
        'import pytest\npytestmark = pytest.mark.behaviour("CP-01")\ndef test_a(): pass\n', "test_other"
    )
    result = suite.run("-k", "test_a or passes or misses", "-v")
    result.stdout.fnmatch_lines(
        [
            "*test_misses FAILED*",
            "=* behaviours =*",
            "CP-01  passed *A pod in a labelled namespace*",
            "TM-01  failed *A route to a subset*",
            "       not converged within 30 s",
        ]
    )


def test_control_is_told_in_its_own_words(suite):
    suite.module(MODULE)
    result = suite.run("-k", "passes or misses", "-v", "--meshproof-control")
    result.stdout.fnmatch_lines(
        [
            "*test_passes VACUOUS*",
            "*test_misses FAILED AS IT MUST*",
            "test_it.py::test_passes passes without what makes it true, and so proves nothing.",
            "TM-01  vacuous *",
        ]
    )


def test_failure_is_told_before_an_error_of_the_same_behaviour(suite):
    suite.module(MODULE)
    result = suite.run("-k", "breaks or misses")
    result.stdout.fnmatch_lines(["TM-01  failed *", "       not converged within 30 s"])


def test_what_breaks_after_a_failure_leaves_it_a_failure(suite):
    suite.module(
        "import pytest\n"
        "from meshproof.traffic import Missed\n"
        'pytestmark = pytest.mark.behaviour("TM-01")\n'
        "@pytest.fixture\n"
        "def untidy():\n"
        "    yield\n"
        "    raise RuntimeError('not removed')\n"
        "def test_misses(untidy): raise Missed('not converged')\n"
        "def test_passes(untidy): pass\n"
    )
    assert suite.run().ret == 1
    assert suite.verdicts == {"test_misses": "failed", "test_passes": "error"}
    last = {record["test"]: record for record in suite.records if record["kind"] == "test"}
    missed, passed = last.values()
    assert missed["reason"] == "not converged"
    assert missed["evidence"] == "  then      teardown: RuntimeError: not removed"
    assert passed["reason"] == "teardown: RuntimeError: not removed"


BAD_IMPORT = "from meshproof import nothing_of_that_name\n"


def test_module_that_cannot_be_imported_is_no_interruption_by_hand(suite):
    suite.module(MODULE)
    suite.module(BAD_IMPORT, "test_bad")
    assert suite.run().ret == 69
    assert suite.verdicts == {}
    assert suite.records[-1]["interrupted"] == "1 error during collection"


def test_suite_of_which_nothing_can_be_imported_says_so_in_its_results(suite):
    suite.module(BAD_IMPORT)
    assert suite.run().ret == 69
    assert [record["kind"] for record in suite.records] == ["run", "plan", "end"]
    assert suite.records[-1]["interrupted"] == "1 error during collection"


@pytest.mark.processes
def test_run_that_pytest_stops_after_a_failure_has_failed(suite):
    suite.module(MODULE)
    assert suite.run_apart("--stepwise", "-k", "misses or asserts").ret == 1
    assert suite.verdicts == {"test_misses": "failed"}
    assert suite.records[-1]["interrupted"].startswith("Test failed")


@pytest.mark.parametrize("bad", [BAD_IMPORT, "def (:\n"], ids=["import", "syntax"])
def test_run_that_goes_on_without_a_module_says_so(suite, bad):
    suite.module(MODULE)
    suite.module(bad, "test_bad")
    assert suite.run("--continue-on-collection-errors", "-k", "test_passes").ret == 69
    assert suite.verdicts == {"test_passes": "passed"}
    assert suite.records[-1]["interrupted"] == "1 of the modules could not be collected"


def test_unreadable_module_takes_nothing_from_what_the_suites_prove(suite):
    folder = suite.folder / "suites"
    folder.mkdir()
    (folder / "test_good.py").write_text(MODULE)
    (folder / "test_bad.py").write_text("def (:\n")
    suite.run()
    (plan,) = [record for record in suite.records if record["kind"] == "plan"]
    assert plan["tested"] == ["TM-01"]


CONTROLLED = """
import pytest
from dataclasses import replace
from meshproof.traffic import Evidence, Missed

pytestmark = pytest.mark.behaviour("TM-01")
CALL = "probe-a -> GET x"
MISSED = Evidence("{promise}", False, CALL, "status 200", 20, 1.0, "no answer", answers={answers})


def test_misses(): raise Missed("not converged", MISSED)
"""


@pytest.mark.parametrize(
    ("promise", "answers", "verdict"),
    [
        ("converged", 0, "error"),
        ("never", 0, "error"),
        ("converged", 1, "failed as it must"),
        ("converged", None, "failed as it must"),
        ("eventually", 0, "failed as it must"),
    ],
)
def test_control_shows_nothing_when_nobody_answers(suite, promise, answers, verdict):
    suite.module(CONTROLLED.format(promise=promise, answers=answers))
    assert suite.run("--meshproof-control").ret == (69 if verdict == "error" else 0)
    (test,) = [record for record in suite.records if record["kind"] == "test"]
    assert test["verdict"] == verdict
    shows_nothing = test["reason"] == "nobody answered, so the control shows nothing: not converged"
    assert shows_nothing == (verdict == "error")


def test_nobody_answering_is_a_failure_where_the_control_is_none(suite):
    suite.module(CONTROLLED.format(promise="converged", answers=0))
    assert suite.run().ret == 1
    assert suite.verdicts == {"test_misses": "failed"}


def test_control_has_budgets_of_its_own(suite):
    suite.module(
        'import pytest\npytestmark = pytest.mark.behaviour("TM-01")\n'
        "from meshproof.plugin.fixtures import budgets\n"
        "def test_a(budgets):\n"
        "    from meshproof.traffic import Budgets, Missed\n"
        "    table = Budgets.from_environment()\n"
        "    assert budgets == table.of_control() != table\n"
        "    raise Missed('as it must')\n"
    )
    suite.run("--meshproof-control")
    assert suite.verdicts == {"test_a": "failed as it must"}


LAST = """
import pathlib, pytest
from meshproof.traffic import Missed

pytestmark = pytest.mark.behaviour("TM-01")


@pytest.fixture(scope="session")
def namespace():
    yield
    pathlib.Path("seen").write_text(pathlib.Path("out/results.jsonl").read_text())
    {ending}


def test_a(namespace): {body}
"""


def test_last_verdict_is_written_before_what_all_share_is_taken_down(suite):
    suite.module(LAST.format(ending="pass", body="pass"))
    assert suite.run().ret == 0
    assert '"verdict":"passed"' in (suite.folder / "seen").read_text()


@pytest.mark.parametrize(
    "ending",
    [
        "raise RuntimeError('still there')",
        "from urllib3.exceptions import HTTPError; raise HTTPError('still there')",
    ],
)
@pytest.mark.parametrize(("body", "found"), [("pass", ("passed", 69)), ("raise Missed('no')", ("failed", 1))])
def test_what_all_share_takes_no_verdict_with_it(suite, ending, body, found):
    suite.module(LAST.format(ending=ending, body=body))
    verdict, code = found
    result = suite.run("--exitfirst")
    assert result.ret == code
    (test,) = [record for record in suite.records if record["kind"] == "test"]
    assert test["verdict"] == verdict
    assert "then" not in test["evidence"]
    assert suite.records[-1]["interrupted"] is None
    result.stdout.fnmatch_lines(
        ["meshproof: the run could not be tidied up (*still there*); run `meshproof sweep`."]
    )
    result.stdout.fnmatch_lines([f"TM-01  {verdict} *"])


def test_module_that_cannot_be_tidied_up_has_the_last_word(suite):
    suite.module(
        "import pytest\n"
        'pytestmark = pytest.mark.behaviour("TM-01")\n'
        "@pytest.fixture(scope='module')\n"
        "def sticky():\n"
        "    yield\n"
        "    raise RuntimeError('not removed')\n"
        "def test_a(sticky): pass\n"
    )
    assert suite.run().ret == 69
    words = [record["verdict"] for record in suite.records if record["kind"] == "test"]
    assert words == ["passed", "error"]
