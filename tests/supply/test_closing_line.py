import pytest

from meshproof.supply.builds import closing_line


@pytest.mark.parametrize(
    ("output", "line"),
    [
        pytest.param("...\n===== 58 passed in 1.20s =====\nCOMMIT x", "58 passed in 1.20s", id="pytest"),
        pytest.param("# tests 18\n# pass 18\n# fail 0\n", "pass 18", id="node"),
        pytest.param(
            "19 runs, 57 assertions, 0 failures\n", "19 runs, 57 assertions, 0 failures", id="minitest"
        ),
        pytest.param("[INFO] Tests run: 23, Failures: 0", "[INFO] Tests run: 23, Failures: 0", id="surefire"),
        pytest.param("no tests ran in 0.01s", None, id="pytest-none"),
        pytest.param("# pass 0", None, id="node-none"),
        pytest.param("0 runs, 0 assertions", None, id="minitest-none"),
        pytest.param("", None, id="nothing"),
    ],
)
def test_only_a_count_of_tests_that_ran_closes(output, line):
    assert closing_line(output) == line
