"""expect.takes: durations beyond the measured floor of the path."""

from dataclasses import replace
from itertools import chain, cycle, repeat
from random import Random

import pytest
from scripted import RESET, Script

from meshproof.errors import MeshproofError
from meshproof.traffic import Budgets, DurationMissed, Expect, NotConverged, Reply
from meshproof.traffic.checks import status
from meshproof.traffic.protocol import Protocol

FLOOR = 0.012

OTHER = "http://details:9080/details/0"
"""A service that no rule slows."""


def took(seconds, code=200):
    return Reply(code, seconds=seconds)


@pytest.fixture
def path(clock):
    """A call that nothing slows: the fastest takes 12 ms."""
    return Script(clock, chain([took(0.03), took(FLOOR), took(0.02)], repeat(took(0.05)))).call(OTHER)


def test_floor_is_subtracted_and_shown(clock, path, recorded):
    script = Script(clock, repeat(took(1.02)))
    evidence = Expect(clock=clock, recorder=recorded.append).takes(
        script.call(), least=1.0, most=1.0, floor=path, check=status(200)
    )
    (found,) = evidence.durations
    assert (found.floor, found.least, found.most) == (FLOOR, pytest.approx(0.98), pytest.approx(2.0))
    assert (found.shortest, found.longest) == (pytest.approx(1.008), pytest.approx(1.008))
    assert found.call == str(script.call())
    assert [one.promise for one in recorded] == ["converged", "takes"]
    assert evidence.expected == ("status 200 and 0.98 s to 2 s beyond the path's 12.0 ms, 135 of 135 calls")
    assert evidence.lines()[-1] == (
        "  took      1.008 to 1.008 s of 0.980 to 2.000 s, beyond the path's 0.012 s"
    )
    # Floor, convergence, sample.
    assert [(batch.count, batch.concurrency) for _, batch in script.batches] == [(20, 20), (135, 45)]
    assert evidence.first_pass == recorded[0].first_pass


def test_floor_is_measured_one_call_at_a_time(clock):
    path = Script(clock, repeat(took(FLOOR)))
    Expect(clock=clock).takes(Script(clock, repeat(took(0.02))).call(), most=0, floor=path.call(OTHER))
    ((_, batch),) = path.batches
    assert (batch.count, batch.concurrency, batch.new_connections) == (20, 1, True)


@pytest.mark.parametrize("seconds", [0.9, 2.1])
def test_calls_out_of_bounds_never_converge(clock, path, seconds):
    with pytest.raises(NotConverged, match=f"took about {seconds:.1g} s"):
        Expect(clock=clock).takes(Script(clock, repeat(took(seconds))).call(), least=1, most=1, floor=path)


@pytest.mark.parametrize("seconds", [0.9, 2.1])
def test_one_call_of_the_sample_out_of_bounds_is_missed(clock, path, recorded, seconds):
    script = Script(clock, chain([took(1.02)] * 125, [took(seconds)], repeat(took(1.02))))
    with pytest.raises(DurationMissed, match=r"beyond the path \(1 of 135 calls missed\)") as error:
        Expect(clock=clock, recorder=recorded.append).takes(script.call(), least=1, most=1, floor=path)
    (found,) = error.value.evidence.durations
    worst = found.shortest if seconds < 1 else found.longest
    assert worst == pytest.approx(seconds - FLOOR)
    assert [one.held for one in recorded] == [True, False]


def test_check_of_the_reply_counts_too(clock, path):
    with pytest.raises(NotConverged, match="status 503"):
        Expect(clock=clock).takes(
            Script(clock, repeat(took(0.02, 503))).call(), most=0, floor=path, check=status(200)
        )


def test_call_that_is_not_slowed_may_be_faster_than_its_floor(clock, path):
    evidence = Expect(clock=clock).takes(Script(clock, repeat(took(0.01))).call(), most=0, floor=path)
    assert evidence.durations[0].shortest == pytest.approx(-0.002)
    assert evidence.durations[0].least == 0


def test_failed_sample_has_no_duration(clock, path):
    script = Script(clock, chain([took(1.02)] * 20, repeat(RESET)))
    with pytest.raises(DurationMissed, match=r"failed \(135 of 135 calls missed\)") as error:
        Expect(clock=clock).takes(script.call(), least=1, most=1, floor=path)
    assert error.value.evidence.durations == ()


def test_unfinished_sample_is_missed(clock, path):
    script = Script(clock, repeat(took(1.02)), most=100)
    with pytest.raises(DurationMissed, match=r"not finished within 30 s \(100 of 135 calls\)"):
        Expect(clock=clock).takes(script.call(), least=1, most=1, floor=path)


def test_floor_that_nobody_answers_is_an_error_of_the_environment(clock):
    with pytest.raises(MeshproofError, match="none of 20 calls was answered"):
        Expect(clock=clock).takes(
            Script(clock, repeat(took(1))).call(), most=0, floor=Script(clock, repeat(RESET)).call(OTHER)
        )


def test_slack_is_the_tables(clock):
    strict = Budgets().with_overrides(["late=0.01", "early=0"])
    path = Script(clock, repeat(took(FLOOR))).call(OTHER)
    with pytest.raises(NotConverged):
        Expect(strict, clock).takes(Script(clock, repeat(took(1.1))).call(), least=1, most=1, floor=path)


def test_machine_that_is_too_busy_to_judge_is_an_error_of_the_environment(clock):
    # Two floors are measured: before, and in the conditions of the sample.
    path = Script(clock, chain([took(FLOOR)] * 20, repeat(took(1.2))))
    with pytest.raises(
        MeshproofError, match=r"durations cannot be judged: .* took 1.2 s more than the fastest call"
    ):
        Expect(clock=clock).takes(
            Script(clock, repeat(took(2.2))).call(), least=1, most=1, floor=path.call(OTHER)
        )
    assert [(batch.count, batch.concurrency) for _, batch in path.batches] == [(20, 1), (135, 45)]


def test_evidence_says_what_the_sample_shows(clock, path):
    evidence = Expect(clock=clock).takes(Script(clock, repeat(took(0.02))).call(), most=0, floor=path)
    assert evidence.steady == "135 in a row, so right 95.0% of the time or more (beta 0.001)"


@pytest.mark.parametrize(("right", "most"), [(0.9, 0), (0.95, 2)])
def test_mesh_that_slows_most_of_the_calls_does_not_get_through(clock, right, most):
    random = Random(1)  # noqa: S311 - no secret

    def held():
        path = Script(clock, repeat(took(FLOOR))).call(OTHER)
        script = Script(clock, lambda _: took(1.02 if random.random() < right else FLOOR))
        try:
            Expect(clock=clock).takes(script.call(), least=1, most=1, floor=path)
        except (DurationMissed, NotConverged):
            return False
        return True

    assert sum(held() for _ in range(200)) <= most


def test_sample_is_sized_by_what_it_is_to_show_and_a_probe_can_return_it(clock, path):
    script = Script(clock, repeat(took(0.02)))
    Expect(Budgets(points=0.01), clock).takes(script.call(), most=0, floor=path)
    _, sample = script.batches[-1]
    assert sample.count == 688
    assert sample.count * sample.body_limit <= 4 << 20


def test_call_cannot_be_its_own_floor(clock):
    # The floor would be slowed as well: what is late would be called a busy machine.
    script = Script(clock, repeat(took(0.02)))
    with pytest.raises(ValueError, match="a call cannot be judged against itself"):
        Expect(clock=clock).takes(script.call(), most=0, floor=script.call())


def test_every_second_call_that_is_slow_is_missed_and_no_error_of_the_environment(clock, path):
    script = Script(clock, cycle([took(0.02), took(1.02)]))
    with pytest.raises(NotConverged, match="took about 1 s"):
        Expect(clock=clock).takes(script.call(), most=0, floor=path)


def test_calls_that_nothing_may_slow_do_not_slow_each_other(clock, path):
    script = Script(clock, repeat(took(0.02)))
    Expect(clock=clock).takes(script.call(), most=0, floor=path)
    assert {batch.concurrency for _, batch in script.batches} == {16}


def test_calls_of_grpc_are_fewer_at_a_time_because_each_makes_a_channel(clock, path):
    script = Script(clock, repeat(took(1.02)))
    call = replace(script.call(), protocol=Protocol.GRPC)
    Expect(clock=clock).takes(call, least=1.0, most=1.0, floor=path)
    assert {batch.concurrency for _, batch in script.batches} == {9}
