"""`meshproof behaviours`: what it lists, and what it says to a value that it does not know."""

import json

import pytest
from typer.testing import CliRunner

from meshproof.behaviours import CATALOGUE
from meshproof.cli import app
from meshproof.errors import ExitCode, MeshproofError


@pytest.fixture
def listed():
    """Run the command; return what it printed, or raise what it raised."""

    def run(*options):
        result = CliRunner().invoke(app, ["behaviours", *options], catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result.stdout

    return run


def rows(text):
    return {row["id"]: row for row in json.loads(text)}


def test_whole_catalogue_is_listed(listed):
    assert rows(listed("--format", "json")).keys() == CATALOGUE.keys()
    assert listed().splitlines()[-1].startswith("121 behaviours: ")


def test_options_may_be_repeated_and_combined(listed):
    found = rows(listed("--format", "json", "--area", "security", "--area", "egress", "--level", "extended"))
    assert {row["area"] for row in found.values()} == {"security", "egress"}
    assert {row["level"] for row in found.values()} == {"extended"}


def test_state_and_feature_narrow_the_list(listed):
    found = rows(listed("--format", "json", "--state", "tested", "--feature", "tracing"))
    assert {"OB-11"} <= found.keys() <= {"OB-11", "OB-12", "OB-13"}
    planned = rows(listed("--format", "json", "--state", "planned"))
    assert "TM-01" not in planned


def test_markdown_is_the_page_of_the_documentation(listed):
    assert listed("--format", "markdown").startswith("# Behaviours\n")


@pytest.mark.parametrize(
    ("option", "known"),
    [("--area", "control-plane"), ("--level", "disruptive"), ("--state", "planned"), ("--format", "json")],
)
def test_unknown_value_is_a_usage_error_that_names_the_known_ones(option, known):
    result = CliRunner().invoke(app, ["behaviours", option, "nonsense"])
    assert result.exit_code == 2  # the command line turns Typer's own code into ours
    assert "nonsense" in result.output
    assert known in result.output


def test_unknown_feature_is_a_usage_error_that_names_the_known_ones(listed):
    with pytest.raises(MeshproofError, match="nonsense names no feature; use one of: kubernetes,") as caught:
        listed("--feature", "nonsense")
    assert caught.value.exit_code is ExitCode.USAGE
