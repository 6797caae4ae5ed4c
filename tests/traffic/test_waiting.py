"""What counts as waiting, and how much of it comes after what is waited for was already true."""

from itertools import chain, pairwise, repeat

import pytest
from scripted import Keyed, Script, served

from meshproof.traffic import Expect, NotConverged, NotSeen
from meshproof.traffic.checks import served_by, status
from meshproof.traffic.waiting import NOT_AT_ALL, Wait, Waited

CHECK = status(200) & served_by("reviews-v2")


def test_everything_since_the_last_no_is_late(clock):
    wait = Wait(clock)
    clock.wait(1.0)
    wait.not_yet()
    clock.wait(0.5)
    assert wait.over() == Waited(1.5, 0.5)


def test_what_was_judged_is_no_waiting_unless_a_no_comes_after_it(clock):
    wait = Wait(clock)
    clock.wait(1.0)
    wait.judged(1.0)
    wait.not_yet()
    clock.wait(2.0)
    wait.judged(1.5)
    assert wait.over() == Waited(1.5, 0.5)


def test_no_may_be_known_only_later(clock):
    wait = Wait(clock)
    clock.wait(1.0)
    wait.not_yet(clock.now() - 0.25)
    assert wait.over() == Waited(1.0, 0.25)


def test_wait_in_vain_was_never_too_long(clock):
    wait = Wait(clock)
    clock.wait(3.0)
    assert wait.in_vain() == Waited(3.0, 0.0)


def test_waits_add_up():
    assert sum([Waited(1.0, 0.5), Waited(2.0, 0.25)], NOT_AT_ALL) == Waited(3.0, 0.75)


def test_of_answers_that_are_right_at_once_only_the_pauses_are_waited(clock):
    script = Script(clock, repeat(served(2)))
    evidence = Expect(clock=clock).converged(script.call(), CHECK)
    # Two batches of 0.01 s, begun 0.05 s apart.
    assert evidence.waited.late == pytest.approx(0.04)
    assert evidence.waited.seconds == pytest.approx(0.04)


def test_answers_that_missed_were_waited_for_and_what_comes_after_the_last_miss_is_late(clock):
    # Two batches of misses at 0 and 0.05; right from 0.125 on, which makes two more, 0.05 s apart.
    script = Script(clock, chain([served(1)] * 40, repeat(served(2))))
    evidence = Expect(clock=clock).converged(script.call(), CHECK)
    assert script.starts()[2] == pytest.approx(1000.125)
    assert evidence.waited.late == pytest.approx(0.065 + 0.04)
    assert evidence.waited.seconds == pytest.approx(0.125 + 0.04)


def test_pauses_are_short_again_once_answers_are_right(clock):
    script = Script(clock, chain([served(1)] * 200, repeat(served(2))))
    Expect(clock=clock).converged(script.call(), CHECK)
    starts = script.starts()
    gaps = [later - earlier for earlier, later in pairwise(starts)]
    assert gaps[-2:] == pytest.approx([0.5, 0.05])


def test_answers_that_never_came_were_waited_for_in_vain(clock, recorded):
    script = Script(clock, repeat(served(1)))
    with pytest.raises(NotConverged):
        Expect(clock=clock, recorder=recorded.append).converged(script.call(), CHECK)
    assert recorded[0].waited == Waited(pytest.approx(30.0), 0.0)


def test_pause_before_the_look_that_finds_it_counts_in_full_and_the_look_does_not(clock, recorded):
    values = iter([0, 0, 3])

    def look():
        clock.wait(0.01)
        return next(values)

    Expect(clock=clock, recorder=recorded.append).eventually(
        look, lambda value: None if value else "nothing", what="x", expected="y"
    )
    # Looks at 0, 0.05 and 0.125, each of 0.01 s.
    assert recorded[0].waited == Waited(pytest.approx(0.125), pytest.approx(0.065))


def test_look_that_never_passed_was_in_vain(clock, recorded):
    with pytest.raises(NotSeen):
        Expect(clock=clock, recorder=recorded.append).eventually(
            lambda: 0, lambda _: "nothing", what="x", expected="y", within=2
        )
    assert recorded[0].waited == Waited(pytest.approx(2.0), 0.0)


def test_call_before_the_sample_of_attempts_is_late_and_the_sample_is_not_waited_for(clock):
    probe = Keyed(clock, arrivals=3, seconds=0.1)
    evidence = Expect(clock=clock).attempts(probe.call(), at=probe, exactly=3)
    # The first call and its count are three requests, which take 0.001 s each.
    assert evidence.waited.late == pytest.approx(0.003)
    assert evidence.waited.seconds == evidence.waited.late
    assert clock.waits == []


def test_first_calls_that_arrived_otherwise_were_waited_for(clock):
    probe = Keyed(clock, arrivals=lambda number: 1 if number < 2 else 3)
    evidence = Expect(clock=clock).attempts(probe.call(), at=probe, exactly=3)
    assert evidence.waited.seconds - evidence.waited.late == pytest.approx(0.2 + 0.003)


def test_what_must_hold_for_a_stated_time_is_not_waited_for(clock):
    script = Script(clock, repeat(served(2)))
    assert Expect(clock=clock).always(script.call(), CHECK).waited == NOT_AT_ALL
