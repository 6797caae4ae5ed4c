"""Polling asks the API server at most twenty times a second, and less and less often."""

from itertools import pairwise, repeat

import pytest
from scripted import FakeClock, Keyed, Script, served

from meshproof.traffic import AttemptsMissed, Expect, NotConverged, NotSeen
from meshproof.traffic.checks import served_by
from meshproof.traffic.clock import Pace

V2 = served_by("reviews-v2")


def in_one_second(moments: list[float]) -> int:
    """Return the most moments that lie within one second."""
    return max(sum(start <= moment < start + 1 for moment in moments) for start in moments)


def converged(clock):
    script = Script(clock, repeat(served(1)))
    with pytest.raises(NotConverged):
        Expect(clock=clock).converged(script.call(), V2)
    return script.starts()


def converged_steadily(clock):
    # Just before a run is steady there is a miss, so that it never is.
    script = Script(clock, lambda number: served(1 if number % 144 == 143 else 2))
    with pytest.raises(NotConverged):
        Expect(clock=clock).converged(script.call(), V2)
    return script.starts()


def never(clock):
    script = Script(clock, repeat(served(1)))
    Expect(clock=clock).never(script.call(), V2)
    return script.starts()


def always(clock):
    script = Script(clock, repeat(served(2)))
    Expect(clock=clock).always(script.call(), V2)
    return script.starts()


def eventually(clock):
    moments = []
    with pytest.raises(NotSeen):
        Expect(clock=clock).eventually(
            lambda: moments.append(clock.now()), lambda _: "no", what="x", expected="y"
        )
    return moments


def attempts_missed(clock):
    probe = Keyed(clock, arrivals=2)
    with pytest.raises(AttemptsMissed):
        Expect(clock=clock).attempts(probe.call(), at=probe, exactly=3)
    return probe.requests


def attempts_held(clock):
    probe = Keyed(clock, arrivals=3)
    Expect(clock=clock).attempts(probe.call(), at=probe, exactly=3)
    return probe.requests


def attempts_held_later(clock):
    probe = Keyed(clock, arrivals=lambda number: 3 if number > 2 else 2)
    Expect(clock=clock).attempts(probe.call(), at=probe, exactly=3)
    return probe.requests


@pytest.mark.parametrize(
    "moments_of",
    [
        converged,
        converged_steadily,
        never,
        always,
        eventually,
        attempts_missed,
        attempts_held,
        attempts_held_later,
    ],
)
def test_at_most_twenty_requests_in_any_second(clock, moments_of):
    assert in_one_second(moments_of(clock)) <= 20


@pytest.mark.parametrize("moments_of", [converged, never, always, eventually])
def test_distance_grows_from_a_twentieth_to_half_a_second(clock, moments_of):
    moments = moments_of(clock)
    gaps = [later - earlier for earlier, later in pairwise(moments)]
    assert min(gaps) == pytest.approx(0.05)
    assert gaps[-2] == pytest.approx(0.5)


def test_polling_ends_at_the_deadline(clock):
    starts = converged(clock)
    assert starts[-1] < 1030.0
    assert clock.now() == pytest.approx(1030.0)
    assert len(starts) < 100


def test_time_that_passes_between_two_looks_is_not_waited_for():
    class Busy(FakeClock):  # which refuses to wait for nothing, as all do
        def now(self):
            self.time += 0.03
            return self.time

    clock = Busy()
    pace = Pace(clock, within=10.0, first=0.05, longest=0.05, growth=1.0)
    while pace.next():
        pass
    assert clock.waits


def test_twenty_in_a_second_can_be_exceeded_so_the_test_above_can_fail():
    assert in_one_second([n / 21 for n in range(30)]) == 21
