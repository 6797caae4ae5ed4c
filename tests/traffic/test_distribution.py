"""Sample sizes and the exact test."""

import pytest

from meshproof.traffic.distribution import overlooked, p_value, sample_size

EXACT = {"points": 0.05, "alpha": 1e-4, "beta": 1e-3}


@pytest.mark.parametrize(("expected", "size"), [(0.5, 4885), (0.8, 3370), (0.2, 3370), (1.0, 163)])
def test_sample_size_keeps_both_error_rates(expected, size):
    assert sample_size(expected, **EXACT) == size
    assert 1 - overlooked(size, expected, expected, 1e-4) <= 1e-4
    for actual in (expected - 0.05, expected + 0.05):
        if 0 <= actual <= 1:
            assert overlooked(size, expected, actual, 1e-4) <= 1e-3


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
