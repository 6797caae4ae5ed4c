"""expect.takes: durations beyond the measured floor of the path."""

from itertools import chain, repeat

import pytest
from scripted import RESET, Script

from meshproof.errors import MeshproofError
from meshproof.traffic import Budgets, DurationMissed, Expect, NotConverged, Reply
from meshproof.traffic.checks import status

FLOOR = 0.012


def took(seconds, code=200):
    return Reply(code, seconds=seconds)


@pytest.fixture
def path(clock):
    """A call that nothing slows: the fastest takes 12 ms."""
    return Script(clock, chain([took(0.03), took(FLOOR), took(0.02)], repeat(took(0.05)))).call()


def test_floor_is_subtracted_and_shown(clock, path, recorded):
    script = Script(clock, repeat(took(1.02)))
    evidence = Expect(clock=clock, recorder=recorded.append).takes(
        script.call(), least=1.0, most=1.0, floor=path, check=status(200)
    )
    (found,) = evidence.durations
    assert (found.floor, found.least, found.most) == (FLOOR, pytest.approx(0.98), pytest.approx(1.5))
    assert (found.shortest, found.longest) == (pytest.approx(1.008), pytest.approx(1.008))
    assert found.call == str(script.call())
    assert [one.promise for one in recorded] == ["converged", "takes"]
    assert evidence.expected == ("status 200 and 0.98 s to 1.5 s beyond the path's 12.0 ms, 20 of 20 calls")
    assert evidence.lines()[-1] == (
        "  took      1.008 to 1.008 s of 0.980 to 1.500 s, beyond the path's 0.012 s"
    )
    # Floor, convergence, sample.
    assert [(batch.count, batch.concurrency) for _, batch in script.batches] == [(20, 10), (20, 10)]
    assert evidence.first_pass == recorded[0].first_pass


def test_floor_is_measured_one_call_at_a_time(clock):
    path = Script(clock, repeat(took(FLOOR)))
    Expect(clock=clock).takes(Script(clock, repeat(took(0.02))).call(), most=0, floor=path.call())
    ((_, batch),) = path.batches
    assert (batch.count, batch.concurrency, batch.new_connections) == (20, 1, True)


@pytest.mark.parametrize("seconds", [0.9, 1.6])
def test_calls_out_of_bounds_never_converge(clock, path, seconds):
    with pytest.raises(NotConverged, match=f"took about {seconds:.1g} s"):
        Expect(clock=clock).takes(Script(clock, repeat(took(seconds))).call(), least=1, most=1, floor=path)


@pytest.mark.parametrize("seconds", [0.9, 1.6])
def test_one_call_of_the_sample_out_of_bounds_is_missed(clock, path, recorded, seconds):
    script = Script(clock, chain([took(1.02)] * 25, [took(seconds)], repeat(took(1.02))))
    with pytest.raises(DurationMissed, match=r"beyond the path \(1 of 20 calls missed\)") as error:
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
    with pytest.raises(DurationMissed, match=r"failed \(20 of 20 calls missed\)") as error:
        Expect(clock=clock).takes(script.call(), least=1, most=1, floor=path)
    assert error.value.evidence.durations == ()


def test_unfinished_sample_is_missed(clock, path):
    script = Script(clock, repeat(took(1.02)), most=15)
    with pytest.raises(DurationMissed, match=r"not finished within 30 s \(15 of 20 calls\)"):
        Expect(clock=clock).takes(script.call(), least=1, most=1, floor=path)


def test_floor_that_nobody_answers_is_an_error_of_the_environment(clock):
    with pytest.raises(MeshproofError, match="none of 20 calls was answered"):
        Expect(clock=clock).takes(
            Script(clock, repeat(took(1))).call(), most=0, floor=Script(clock, repeat(RESET)).call()
        )


def test_slack_is_the_tables(clock):
    strict = Budgets().with_overrides(["late=0.01", "early=0"])
    path = Script(clock, repeat(took(FLOOR))).call()
    with pytest.raises(NotConverged):
        Expect(strict, clock).takes(Script(clock, repeat(took(1.1))).call(), least=1, most=1, floor=path)


def test_machine_that_is_too_busy_to_judge_is_an_error_of_the_environment(clock):
    # Two floors are measured: before, and in the conditions of the sample.
    path = Script(clock, chain([took(FLOOR)] * 20, repeat(took(1.2))))
    with pytest.raises(
        MeshproofError, match=r"durations cannot be judged: .* took 1.2 s more than the fastest call"
    ):
        Expect(clock=clock).takes(Script(clock, repeat(took(2.2))).call(), least=1, most=1, floor=path.call())
    assert [(batch.count, batch.concurrency) for _, batch in path.batches] == [(20, 1), (20, 10)]
