"""Sample sizes, samples that are looked at twice, and the exact test."""

import numpy as np
import pytest
from scipy.stats import binom

from meshproof.traffic.distribution import near, overlooked, p_value, sample_size, sampling

EXACT = {"points": 0.05, "alpha": 1e-4, "beta": 1e-3}


@pytest.mark.parametrize(("expected", "size"), [(0.5, 4885), (0.8, 3370), (0.2, 3370), (1.0, 163)])
def test_sample_size_keeps_both_error_rates(expected, size):
    assert sample_size(expected, **EXACT) == size
    assert 1 - overlooked(size, expected, expected, 1e-4) <= 1e-4
    for actual in (expected - 0.05, expected + 0.05):
        if 0 <= actual <= 1:
            assert overlooked(size, expected, actual, 1e-4) <= 1e-3


def passing(expected, actual, alpha, found):
    """The probability that a sample of two looks calls a share right, counted out."""
    rest = binom.pmf(np.arange(found.whole - found.first + 1), found.whole - found.first, actual)
    last = [p_value(count, found.whole, expected) >= alpha / 2 for count in range(found.whole + 1)]
    passes = 0.0
    for count, mass in enumerate(binom.pmf(np.arange(found.first + 1), found.first, actual)):
        if p_value(count, found.first, expected) < alpha / 2:
            continue
        told = found.tells([(expected, count)])
        passes += mass * (1.0 if told else float(rest @ last[count : count + len(rest)]))
    return passes


@pytest.mark.parametrize("expected", [0.05, 0.2, 1.0])
def test_two_looks_together_keep_both_error_rates(expected):
    found = sampling(frozenset({expected}), points=0.1, alpha=1e-2, beta=1e-2)
    assert found.first < found.whole
    assert 1 - passing(expected, expected, 1e-2, found) <= 1e-2
    for actual in (expected - 0.1, expected + 0.1):
        if 0 <= actual <= 1:
            assert passing(expected, actual, 1e-2, found) <= 1e-2


def test_two_looks_take_little_more_than_half_the_calls_of_one():
    found = sampling(frozenset({0.95, 0.05}), **EXACT)
    assert (found.first, found.whole) == (642, 1425)
    assert sample_size(0.95, **EXACT) == 1288
    assert found.tells([(0.95, 610), (0.05, 32)])
    assert not found.tells([(0.95, 600), (0.05, 42)])


def test_shares_that_are_alike_are_looked_at_one_by_one():
    found = sampling(frozenset({1 / 3}), **EXACT)
    least, most = found.near[1 / 3]
    assert found.tells([(1 / 3, least), (1 / 3, most)])
    assert not found.tells([(1 / 3, least - 1), (1 / 3, most)])
    assert not found.tells([(1 / 3, least), (1 / 3, most + 1)])


@pytest.mark.parametrize(("n", "expected"), [(642, 0.05), (100, 0.5), (20, 0.5), (50, 1.0)])
def test_counts_near_a_share_are_those_that_one_off_by_points_hardly_gets(n, expected):
    least, most = near(n, expected, 0.05, 1e-3)
    for actual in (expected - 0.05, expected + 0.05):
        if 0 <= actual <= 1 and least <= most:
            assert binom.cdf(most, n, actual) - binom.cdf(least - 1, n, actual) <= 1e-3
    # One more on either side, and it would get there too often; where there is a side.
    if expected - 0.05 > 0:
        assert binom.sf(least - 2, n, expected - 0.05) > 1e-3
    if expected + 0.05 < 1:
        assert binom.cdf(most + 1, n, expected + 0.05) > 1e-3


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
