"""How long a run of right answers must be, and who gets so far by luck."""

import math
from random import Random

import pytest

from meshproof.traffic import Budgets
from meshproof.traffic.streak import Streak

CALLS = 12_000
"""More than fit into the 30 s in which answers must converge: 60 batches of 200."""

TRIES = 400


def simulated(right, *, steady):
    """How often a mesh whose answers are right at this rate, each by itself, is called converged."""
    random = Random(1)  # noqa: S311 - no secret

    def holds():
        streak = Streak(Budgets())
        made = 0
        while made < CALLS:
            # So many right answers come before the next miss.
            run = int(math.log(random.random()) / math.log(right))
            if run >= (streak.steady() if steady else 20):
                return True
            made += run + 1
            streak.broken += run > 0
        return False

    return sum(holds() for _ in range(TRIES)) / TRIES


def computed(right):
    """The same, exactly: a run of n right answers comes at the rate `right` to the power of n."""
    streak = Streak(Budgets())
    fails = 1.0
    for _ in range(int(CALLS * (1 - right))):
        fails *= 1 - right ** streak.steady()
        streak.broken += 1
    return 1 - fails


@pytest.mark.parametrize("right", [0.8, 0.9, 0.95])
def test_twenty_in_a_row_alone_come_by_luck_when_most_answers_are_right(right):
    assert simulated(right, steady=False) == 1


@pytest.mark.parametrize(("right", "rate"), [(1 / 3, 1e-60), (0.8, 1e-13), (0.9, 3e-7), (0.95, 1e-3)])
def test_a_mesh_that_is_right_most_of_the_time_is_not_called_converged(right, rate):
    assert computed(right) <= rate


def test_simulated_runs_agree_with_the_computed_rate():
    # One of 400 would be bad luck at 0.001, and three do not come.
    assert simulated(0.95, steady=True) <= 2 / TRIES


def test_a_mesh_that_is_right_more_often_than_the_table_tells_apart_can_be_called_converged():
    # 99 % is closer than 5 points: evidence says what a run shows, and no more.
    assert computed(0.99) == pytest.approx(simulated(0.99, steady=True), abs=0.02)
    assert computed(0.99) > 0.9


def test_every_run_that_broke_off_costs_the_next_one_more():
    streak = Streak(Budgets())
    lengths = []
    for _ in range(3):
        lengths.append(streak.steady())
        streak.take(passed=True)
        streak.take(passed=False)
    assert lengths == [145, 172, 188]
    # Misses before the first pass, and more of them in a row, are no run that broke off.
    streak.take(passed=False)
    assert streak.broken == 3


def test_rates_of_all_tries_add_up_to_beta():
    streak = Streak(Budgets())
    total = 0.0
    for _ in range(2000):
        total += 0.95 ** streak.steady()
        streak.broken += 1
    assert 0.0009 < total <= 0.001


def test_what_a_run_shows_is_the_rate_whose_luck_would_be_beta():
    streak = Streak(Budgets())
    assert streak.shown() == 0
    for _ in range(20):
        streak.take(passed=True)
    assert streak.shown() == pytest.approx((0.001 * 6 / math.pi**2) ** (1 / 20))
    assert streak.shown() == pytest.approx(0.69, abs=0.005)
