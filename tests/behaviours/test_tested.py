"""Which behaviours have a test is read from the modules' text, and none of them is run for it."""

from pathlib import Path

import pytest

from meshproof.behaviours import CATALOGUE, tested
from meshproof.errors import ExitCode, MeshproofError

SUITES = Path(__file__).resolve().parents[2] / "suites"
RUNS = "raise SystemExit('this module was run')\n"


@pytest.fixture
def suite(tmp_path):
    """Write modules into a folder of suites; return it."""

    def write(**modules):
        for name, text in modules.items():
            module = tmp_path / name.rpartition("__")[0] / f"{name.rpartition('__')[2]}.py"
            module.parent.mkdir(parents=True, exist_ok=True)
            module.write_text(text)
        return tmp_path

    return write


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ('pytestmark = pytest.mark.behaviour("TM-01", manifests="x.yaml")', {"TM-01"}),
        ('pytestmark = [pytest.mark.slow, pytest.mark.behaviour("TM-02")]', {"TM-02"}),
        ('pytestmark: list = [mark.behaviour("TM-03")]', {"TM-03"}),
        ('def test_it():\n    pytest.mark.behaviour("TM-04")', set()),
        ('other = pytest.mark.behaviour("TM-05")', set()),
        ('"""pytestmark = pytest.mark.behaviour("TM-06")"""', set()),
        ("pytestmark = pytest.mark.behaviour()", set()),
        ("", set()),
    ],
)
def test_marker_of_a_module_names_its_behaviour(suite, text, ids):
    assert tested.tested_ids(suite(test_it=f"{RUNS}{text}\n")) == ids


def test_only_modules_that_pytest_would_collect_count(suite):
    text = 'pytestmark = pytest.mark.behaviour("{}")\n'
    folder = suite(
        routing__test_a=text.format("TM-01"),
        security__deep__test_b=text.format("SE-01"),
        routing__helper=text.format("TM-02"),
    )
    assert tested.tested_ids(folder) == {"TM-01", "SE-01"}


def test_our_own_suites_prove_behaviours_of_the_catalogue():
    found = tested.tested_ids(SUITES)
    assert {"BI-01", "CP-01", "IN-01", "TM-01", "TM-02", "TM-06", "RS-01", "SE-01", "SE-04"} <= found
    assert found <= CATALOGUE.keys()


def test_folder_that_is_not_there_is_a_usage_error(tmp_path):
    with pytest.raises(MeshproofError, match=f"there is no folder of suites at {tmp_path}/x") as caught:
        tested.tested_ids(tmp_path / "x")
    assert caught.value.exit_code is ExitCode.USAGE


def test_module_that_is_no_python_is_a_usage_error_that_names_it(suite):
    folder = suite(test_it="def (:\n")
    with pytest.raises(MeshproofError, match=r"test_it\.py cannot be read as Python") as caught:
        tested.tested_ids(folder)
    assert caught.value.exit_code is ExitCode.USAGE


def test_module_that_is_no_python_can_be_left_out(suite):
    folder = suite(
        test_bad="def (:\n", test_good='import pytest\npytestmark = pytest.mark.behaviour("TM-01")\n'
    )
    assert tested.tested_ids(folder, skip_unreadable=True) == {"TM-01"}
