"""The table of budgets and its scale."""

import pytest

from meshproof.errors import ExitCode, MeshproofError
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
