"""The table of budgets and its scale."""

from dataclasses import fields

import pytest

from meshproof.errors import ExitCode, MeshproofError
from meshproof.paths import paths
from meshproof.traffic import Budgets


def test_scale_multiplies_deadlines_and_nothing_else():
    plain, slow = Budgets(), Budgets.from_environment({"MESHPROOF_TIME_SCALE": "2.5"})
    assert (slow.converge, slow.observe, slow.sample, slow.call_timeout) == (75, 150, 300, 12.5)
    assert (slow.in_a_row, slow.first_pause, slow.alpha) == (plain.in_a_row, plain.first_pause, plain.alpha)
    assert Budgets.from_environment({}) == plain


@pytest.mark.parametrize("text", ["", "fast", "0", "-1", "nan", "inf"])
def test_scale_that_is_no_factor_is_refused(text):
    with pytest.raises(MeshproofError, match="MESHPROOF_TIME_SCALE") as error:
        Budgets.from_environment({"MESHPROOF_TIME_SCALE": text})
    assert error.value.exit_code == ExitCode.USAGE


def test_each_budget_can_be_overridden_by_its_name():
    table = Budgets().with_overrides(["converge=60", "in-a-row=40", " alpha = 0.01", "converge=90.5"])
    assert (table.converge, table.in_a_row, table.alpha) == (90.5, 40, 0.01)
    assert isinstance(table.in_a_row, int)
    every = [f"{field.name}={getattr(Budgets(), field.name)}" for field in fields(Budgets)]
    assert Budgets().with_overrides(every) == Budgets()


def test_override_is_not_scaled_again():
    assert Budgets().scaled(10).with_overrides(["converge=60"]).converge == 60


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("convrge=60", r"there is no budget 'convrge'; give converge=…"),
        ("zzz=60", r"there is no budget 'zzz'; give accept=… or acknowledge=… or .* or timed_concurrency=…"),
        ("converge", r"the budget 'converge' is not NAME=VALUE; give converge=…"),
        ("converge=soon", r"the budget converge is 'soon', not a number from 0.1 to 86400; .* converge=30"),
        ("converge=nan", "not a number from"),
        ("converge=-1", "not a number from"),
        ("in_a_row=2.5", r"the budget in_a_row is '2.5', not a whole number from 1 to 10000"),
        ("in_a_row=0", "not a whole number from"),
        ("beta=1", "not a number from 1e-09 to 0.5"),
        ("first-pause=0.01", r"the budget first-pause is '0.01', not a number from 0.05"),
        ("pause_growth=0.5", "not a number from 1 to 100"),
    ],
)
def test_override_that_makes_no_sense_is_refused_and_names_what_does(text, said):
    with pytest.raises(MeshproofError, match=said) as error:
        Budgets().with_overrides([text])
    assert error.value.exit_code == ExitCode.USAGE


def test_page_for_people_names_every_budget_with_its_value():
    page = (paths().house / "docs" / "expectations.md").read_text()
    for field in fields(Budgets):
        assert f"| `{field.name}` | {getattr(Budgets(), field.name):g} |" in page
