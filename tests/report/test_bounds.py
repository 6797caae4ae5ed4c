"""The bounds of a share are those of the exact test that judged it."""

import pytest

from meshproof.report.bounds import accepted


# As scipy's binomtest says: its p-value is at least alpha at both bounds, and below it one call further out.
@pytest.mark.parametrize(
    ("n", "expected", "alpha", "bounds"),
    [
        (4205, 0.8, 0.0001, (3262, 3463)),
        (4205, 0.2, 0.0001, (742, 943)),
        (100, 0.5, 0.05, (40, 60)),
        (10, 0.5, 0.05, (2, 8)),
        (10, 0.01, 0.05, (0, 1)),
        (977, 0.333, 0.001, (278, 374)),
    ],
)
def test_a_share_has_the_bounds_of_the_exact_test(n, expected, alpha, bounds):
    assert accepted(n, expected, alpha) == bounds


@pytest.mark.parametrize(("expected", "bounds"), [(0.0, (0, 0)), (1.0, (50, 50))])
def test_all_or_nothing_leaves_no_room(expected, bounds):
    assert accepted(50, expected, 1e-4) == bounds
