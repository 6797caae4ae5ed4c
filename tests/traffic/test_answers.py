"""Evidence counts the calls that somebody answered: a control run that nobody answered shows nothing."""

from itertools import chain, repeat

import pytest
from scripted import RESET, Keyed, Script, failed, served

from meshproof.traffic import Expect, Failure, FailureKind, Missed, Reply
from meshproof.traffic.checks import served_by, status

SILENCE = failed(FailureKind.TIMEOUT, "no reply")


def always(expect, call):
    expect.always(call, status(204))


def converged(expect, call):
    expect.converged(call, status(204))


def never(expect, call):
    expect.never(call, served_by("reviews-v1"))


def share(expect, call):
    expect.share(call, {"reviews-v2": 0.5, "reviews-v3": 0.5})


@pytest.mark.parametrize("expectation", [always, converged, never, share])
def test_somebody_who_answered_is_counted(clock, expectation):
    with pytest.raises(Missed) as error:
        expectation(Expect(clock=clock), Script(clock, repeat(served(1))).call())
    assert error.value.evidence.answers == error.value.evidence.calls > 0


@pytest.mark.parametrize("expectation", [always, converged, never, share])
def test_silence_is_no_answer(clock, expectation):
    with pytest.raises(Missed) as error:
        expectation(Expect(clock=clock), Script(clock, repeat(SILENCE)).call())
    assert error.value.evidence.answers == 0
    assert error.value.evidence.calls > 0


def test_sample_of_shares_counts_who_answered(clock):
    script = Script(clock, chain([served(1)] * 20, repeat(SILENCE)))
    with pytest.raises(Missed) as error:
        Expect(clock=clock).share(script.call(), {"reviews-v1": 1.0})
    assert error.value.evidence.answers == 0


def test_sample_of_durations_counts_who_answered(clock):
    path = Script(clock, repeat(Reply(200, seconds=0.01))).call("http://details:9080/details/0")
    script = Script(clock, chain([Reply(200, seconds=0.01)] * 20, [RESET], repeat(SILENCE)))
    with pytest.raises(Missed) as error:
        Expect(clock=clock).takes(script.call(), most=0, floor=path)
    assert error.value.evidence.answers == 1


@pytest.mark.parametrize(("reply", "answered"), [(Reply(503), True), (SILENCE, False)])
def test_attempts_count_who_answered(clock, reply, answered):
    probe = Keyed(clock, arrivals=0, reply=reply)
    with pytest.raises(Missed) as error:
        Expect(clock=clock).attempts(probe.call(), at=probe, exactly=1)
    assert error.value.evidence.answers == (error.value.evidence.calls if answered else 0)


@pytest.mark.parametrize("kind", FailureKind)
def test_who_turns_a_call_away_has_answered(kind):
    silent = kind in {FailureKind.TIMEOUT, FailureKind.DNS, FailureKind.OTHER}
    assert failed(kind).answered is not silent


def test_who_falls_silent_after_a_status_has_answered():
    assert Reply(200, failure=Failure(FailureKind.TIMEOUT, "no end of the reply")).answered


def test_what_the_mesh_says_of_its_traffic_is_no_call(clock, recorded):
    Expect(clock=clock, recorder=recorded.append).eventually(
        lambda: 1, lambda _: None, what="x", expected="y"
    )
    assert recorded[0].answers is None
