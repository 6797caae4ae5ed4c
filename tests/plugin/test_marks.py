"""What a module may say about itself, and how it is told when it says something wrong."""

import pytest


@pytest.mark.parametrize(
    ("marker", "said"),
    [
        ('"TM-99"', "test_it.py: no behaviour has the id 'TM-99'; use TM-"),
        (
            '"TM-02", manifests="routs.yaml"',
            "TM-02 names routs.yaml, but neither it nor routs.control.yaml lies",
        ),
        ('"TM-02", manifest="a.yaml"', "the marker takes manifests=, needs= and long=, and no manifest="),
        ('"TM-02", manifests=["a.yaml"]', "the marker takes manifests=, a file name or a tuple of them."),
        ('"TM-02", needs="http3"', "the marker takes needs=, a tuple of features"),
        ('"TM-02", needs=("http4",)', "the marker takes needs=, a tuple of features"),
        ('"TM-02", long="yes"', "the marker takes long=, True or False"),
        ('"TM-02", manifests="a.smi.yaml"', "a.smi.yaml speaks through smi, which is neither istio nor a fe"),
        ("", "the marker takes the id of one behaviour"),
        ('"TM-02", "TM-01"', "the marker takes the id of one behaviour"),
    ],
)
def test_wrong_marker_is_a_usage_error_that_says_what_is_wrong(suite, marker, said):
    suite.manifest("a.smi.yaml", "routes")
    suite.module(f"import pytest\npytestmark = pytest.mark.behaviour({marker})\ndef test_a(): pass\n")
    result = suite.run()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: *{said.replace('[', '[[]')}*"])
    assert not (suite.folder / "out").exists()


def test_marker_on_a_test_alone_is_a_usage_error(suite):
    suite.module('import pytest\n@pytest.mark.behaviour("TM-02")\ndef test_a(): pass\n')
    result = suite.run()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: *a module proves one behaviour: mark it once, with pytestmark.*"])


def test_each_flaw_is_told_once(suite):
    suite.module(
        'import pytest\npytestmark = pytest.mark.behaviour("XX-1")\ndef test_a(): pass\ndef test_b(): pass\n'
    )
    suite.module(
        'import pytest\npytestmark = pytest.mark.behaviour("XX-2")\ndef test_a(): pass\n', "test_other"
    )
    result = suite.run()
    assert str(result.stderr).count("no behaviour has the id") == 2


def test_tests_without_the_marker_are_left_alone(suite):
    suite.module("def test_a(): pass\ndef test_b(): assert False\n")
    result = suite.run()
    result.assert_outcomes(passed=1, failed=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert not (suite.folder / "out").exists()
    assert suite.cluster == []


def test_collecting_only_writes_no_results(suite):
    suite.module('import pytest\npytestmark = pytest.mark.behaviour("TM-02")\ndef test_a(): pass\n')
    assert suite.run("--collect-only").ret == 0
    assert not (suite.folder / "out").exists()


def test_earlier_results_are_never_overwritten(suite):
    suite.module('import pytest\npytestmark = pytest.mark.behaviour("TM-02")\ndef test_a(): pass\n')
    assert suite.run().ret == 0
    again = suite.run()
    assert again.ret == pytest.ExitCode.USAGE_ERROR
    again.stderr.fnmatch_lines(["ERROR: *holds the results of an earlier run; choose another output folder*"])


@pytest.mark.processes
def test_plugin_imports_nothing_heavy(suite):
    suite.module(
        "import sys\n"
        "def test_a():\n"
        "    heavy = {'kubernetes', 'requests', 'scipy', 'pydantic'} & sys.modules.keys()\n"
        "    assert heavy <= {'requests'}, 'pytest-kind brings requests, and nothing else is wanted'\n"
    )
    suite._pytester.makeconftest("")
    suite.run_apart().assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("expression", "chosen"),
    [
        ("TM-02", {"TM-02"}),
        ("tm-01 or SE-04", {"TM-01", "SE-04"}),
        ("not TM-02", {"TM-01", "SE-04"}),
        ("TM", {"TM-01", "TM-02"}),
    ],
)
def test_behaviours_are_selected_by_id(suite, expression, chosen):
    ids = ("TM-01", "TM-02", "SE-04")
    for number, id_ in enumerate(ids):
        marked = f"import pytest\npytestmark = pytest.mark.behaviour({id_!r})\ndef test_a(): pass\n"
        suite.module(marked, f"test_{number}")
    suite.run("-k", expression).assert_outcomes(passed=len(chosen), deselected=3 - len(chosen))
    assert {record["behaviour"] for record in suite.records if record["kind"] == "test"} == chosen
    (plan,) = [record for record in suite.records if record["kind"] == "plan"]
    assert {planned["behaviour"] for planned in plan["tests"]} == set(ids)
