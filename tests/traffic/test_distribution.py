"""Sample sizes, samples that are looked at twice, and the exact test."""

import numpy as np
import pytest
from scipy.stats import binom

from meshproof.traffic.distribution import (
    Within,
    agreeing,
    looks,
    near,
    overlooked,
    p_value,
    sample_size,
)

EXACT = {"points": 0.05, "alpha": 1e-4, "beta": 1e-3}


@pytest.mark.parametrize(("expected", "size"), [(0.5, 4885), (0.8, 3370), (0.2, 3370), (1.0, 163)])
def test_sample_size_keeps_both_error_rates(expected, size):
    assert sample_size(expected, **EXACT) == size
    assert 1 - overlooked(size, expected, expected, 1e-4) <= 1e-4
    for actual in (expected - 0.05, expected + 0.05):
        if 0 <= actual <= 1:
            assert overlooked(size, expected, actual, 1e-4) <= 1e-3


def passing(expected, actual, first, whole):
    """The probability that a sample of two looks calls a share right, counted out."""
    rest = binom.pmf(np.arange(whole.n - first.n + 1), whole.n - first.n, actual)
    last = [count in whole.right[expected] for count in range(whole.n + 1)]
    passes = 0.0
    for count, mass in enumerate(binom.pmf(np.arange(first.n + 1), first.n, actual)):
        if count in first.right[expected]:
            passes += mass
        elif count in first.agreeing[expected]:
            passes += mass * float(rest @ last[count : count + len(rest)])
    return passes


SHARES = [(0.05, 0.95), (0.1, 0.9), (0.5, 0.5), (1.0,), (0.2, 0.3, 0.5)]


@pytest.mark.parametrize("shares", SHARES, ids=str)
@pytest.mark.parametrize("points", [0.05, 0.1, 0.5])
def test_two_looks_together_keep_both_error_rates(shares, points):
    first, whole = looks(shares, points=points, alpha=1e-4, beta=1e-3)
    assert first.n < whole.n
    for expected in shares:
        assert 1 - passing(expected, expected, first, whole) <= 1e-4
        for actual in (expected - points, expected + points):
            if 0 <= actual <= 1:
                assert passing(expected, actual, first, whole) <= 1e-3


@pytest.mark.parametrize("shares", SHARES, ids=str)
def test_two_looks_find_smaller_deviations_as_often_as_one_would_for_the_share_alone(shares):
    first, whole = looks(shares, points=0.05, alpha=1e-4, beta=1e-3)
    for expected in shares:
        one = sample_size(expected, **EXACT)
        for actual in np.linspace(max(0, expected - 0.05), min(1, expected + 0.05), 21):
            assert passing(expected, actual, first, whole) <= overlooked(one, expected, actual, 1e-4) + 0.02


@pytest.mark.parametrize("share", [0.05, 0.95])
def test_two_looks_take_little_more_than_half_the_calls_of_one(share):
    first, whole = looks((0.05, 0.95), **EXACT)
    assert (sample_size(share, **EXACT), first.n, whole.n) == (1288, 642, 1425)
    assert first.right == {0.05: Within(25, 40), 0.95: Within(602, 617)}
    assert first.agreeing == {0.05: Within(12, 56), 0.95: Within(586, 630)}
    assert 0.8 < binom.cdf(40, 642, 0.05) - binom.cdf(24, 642, 0.05) < 0.9


def test_whole_sample_leaves_nothing_open():
    _, whole = looks((0.05, 0.95), **EXACT)
    assert whole.right == whole.agreeing


@pytest.mark.parametrize(("n", "expected"), [(642, 0.05), (1049, 0.1), (2448, 0.5), (20, 0.5), (200, 1.0)])
def test_counts_near_a_share_are_those_that_one_off_by_points_hardly_gets(n, expected):
    found = near(n, expected, 0.05, 1e-3)
    for actual in (expected - 0.05, expected + 0.05):
        if 0 <= actual <= 1 and found.least <= found.most:
            assert binom.cdf(found.most, n, actual) - binom.cdf(found.least - 1, n, actual) <= 1e-3
    # One more on the tighter side, and it would get there too often.
    wider = binom.cdf(found.most + 1, n, expected + 0.05), binom.sf(found.least - 2, n, expected - 0.05)
    assert max(wider) > 1e-3 or found.most == n
    # As far below as above.
    assert found.most == n or abs(found.least + found.most - 2 * n * expected) <= 1


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
        (50, 0.0, 1e-4, (0, 0)),
        (50, 1.0, 1e-4, (50, 50)),
    ],
)
def test_agreeing_counts_are_those_that_the_exact_test_does_not_refuse(n, expected, alpha, bounds):
    assert agreeing(n, expected, alpha) == Within(*bounds)
    for count in range(max(0, bounds[0] - 2), min(n, bounds[1] + 2) + 1):
        assert (p_value(count, n, expected) >= alpha) == (count in Within(*bounds))


@pytest.mark.parametrize(("n", "expected"), [(60, 0.8), (51, 1 / 3), (40, 0.5), (30, 0.0)])
def test_power_counts_exactly_what_the_test_refuses(n, expected):
    accepted = [p_value(count, n, expected) >= 0.01 for count in range(n + 1)]
    for count, held in enumerate(accepted):
        # A share of count/n puts most of the probability near count; degenerate ones put all of it there.
        if count in {0, n}:
            assert overlooked(n, expected, count / n, 0.01) == pytest.approx(float(held))
    assert 1 - overlooked(n, expected, expected, 0.01) <= 0.01


def test_p_value_is_that_of_the_textbook():
    # Ten throws of a fair coin, nine heads: 2 * (10 + 1) / 1024.
    assert p_value(9, 10, 0.5) == pytest.approx(22 / 1024)
    assert p_value(0, 100, 0.0) == 1
    assert p_value(1, 100, 0.0) == 0


def test_shares_and_deviations_that_cannot_be_are_refused():
    with pytest.raises(ValueError, match="not between 0 and 1"):
        sample_size(1.2, **EXACT)
    with pytest.raises(ValueError, match="more than 1000000 calls"):
        sample_size(0.5, points=0.001, alpha=1e-4, beta=1e-3)
