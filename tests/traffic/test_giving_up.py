"""A control run gives up soon, and never on what would have passed."""

from itertools import chain, repeat

import pytest
from scripted import Keyed, Script, served

from meshproof.traffic import AttemptsMissed, Budgets, Expect, NotConverged, NotSeen
from meshproof.traffic.checks import served_by, status

CHECK = status(200) & served_by("reviews-v2")


@pytest.fixture
def expect(clock):
    return Expect(clock=clock, give_up=2.0)


def test_first_miss_from_then_on_ends_it(clock, expect):
    script = Script(clock, repeat(served(1)))
    with pytest.raises(NotConverged, match=r"not converged within 2 s \(\d+ calls\)"):
        expect.converged(script.call(), CHECK)
    assert 2.0 <= clock.now() - 1000 < 2.6


def test_misses_are_looked_for_with_as_many_calls_as_go_at_once(clock, expect):
    script = Script(clock, repeat(served(1)))
    with pytest.raises(NotConverged):
        expect.converged(script.call(), CHECK)
    assert {batch.count for _, batch in script.batches} == {4}


def test_look_that_takes_longer_than_that_takes_place_and_has_the_tables_time(clock, expect):
    script = Script(clock, repeat(served(1)), seconds=5.0)
    with pytest.raises(NotConverged) as error:
        expect.converged(script.call(), CHECK)
    assert [batch.deadline for _, batch in script.batches] == [30.0]
    assert error.value.evidence.answers == 4


@pytest.mark.parametrize("seconds", [0.01, 0.5, 3.0])
def test_right_answers_are_never_cut_short(clock, expect, seconds):
    script = Script(clock, repeat(served(2)), seconds=seconds)
    assert expect.converged(script.call(), CHECK).held


def test_run_that_began_before_goes_on(clock, expect):
    # Right from 1.9 s on, a batch each 0.1 s: it takes until long after the 2 s.
    script = Script(clock, lambda _: served(2 if clock.now() > 1001.9 else 1), seconds=0.1)
    evidence = expect.converged(script.call(), CHECK)
    assert evidence.held
    assert clock.now() > 1002.1


def test_what_is_right_now_and_then_ends_with_a_miss(clock, expect):
    script = Script(clock, lambda number: served(1 if number % 30 == 29 else 2))
    with pytest.raises(NotConverged, match=r"within 2 s .* 20 in a row came, and then a miss"):
        expect.converged(script.call(), CHECK)


def test_tables_deadline_holds_there_too(clock, expect):
    script = Script(clock, repeat(served(2)), seconds=40.0, most=3)
    with pytest.raises(NotConverged, match="not converged within 30 s"):
        expect.converged(script.call(), CHECK)


def test_number_of_attempts_is_given_up_as_soon(clock, expect):
    probe = Keyed(clock, arrivals=1)
    with pytest.raises(AttemptsMissed):
        expect.attempts(probe.call(), at=probe, exactly=3)
    assert 2.0 <= clock.now() - 1000 < 2.6


def test_attempts_that_are_right_are_seen_however_soon_one_gives_up(clock):
    probe = Keyed(clock, arrivals=3)
    assert Expect(clock=clock, give_up=0.001).attempts(probe.call(), at=probe, exactly=3).held


def look_at(expect, *values, **how):
    """Look at these values, one after the other, and then at the last one for ever."""
    seen = chain(values, repeat(values[-1]))
    return expect.eventually(
        lambda: next(seen), lambda value: None if value else "nothing", what="x", expected="y", **how
    )


def test_what_is_seen_at_once_is_given_up_as_soon(clock, expect):
    with pytest.raises(NotSeen, match="not seen within 2 s"):
        look_at(expect, 0, at_once=True)
    assert 2.0 <= clock.now() - 1000 < 2.6


def test_what_is_seen_at_once_is_seen_however_soon_one_gives_up(clock):
    assert look_at(Expect(clock=clock, give_up=0.001), 7, at_once=True) == 7


def test_telemetry_is_not_given_up(clock, expect):
    with pytest.raises(NotSeen, match="not seen within 60 s"):
        look_at(expect, 0)
    assert clock.now() - 1000 == pytest.approx(60)


def test_what_is_seen_at_once_has_the_time_of_answers(clock):
    with pytest.raises(NotSeen, match="not seen within 30 s"):
        look_at(Expect(clock=clock), 0, at_once=True)


def test_share_that_others_take_is_given_up_as_soon(clock, expect):
    script = Script(clock, chain(repeat(served(3))))
    with pytest.raises(NotConverged, match="within 2 s"):
        expect.share(script.call(), {"reviews-v1": 0.8, "reviews-v2": 0.2})


def test_patience_is_several_times_what_the_last_change_took_and_half_a_second_at_least():
    table = Budgets()
    assert [table.patience(settled) for settled in (0.0, 0.1, 1.5)] == [0.5, 0.5, 7.5]


def test_patience_counts_from_when_the_change_settled():
    table = Budgets()
    assert [table.patience(1.5, ago) for ago in (0.0, 2.0, 60.0)] == [7.5, 5.5, 0.5]


def test_patience_is_longer_where_nobody_saw_the_change_settle():
    assert Budgets().patience(None) == 7.5


def test_patience_ends_with_the_tables_deadline():
    assert Budgets().patience(60.0) == 30.0
    assert Budgets(converge=0.2).patience(0.0) == 0.2


def test_table_of_a_control_run_watches_and_looks_for_less_and_answers_have_their_time():
    table, control = Budgets(), Budgets().of_control()
    assert (control.hold, control.observe, control.converge) == (1.0, 30.0, table.converge)
    assert Budgets(hold=0.3).of_control().hold == 0.3
