"""expect.attempts: how often each call arrives."""

import pytest
from scripted import Keyed

from meshproof.traffic import AttemptsMissed, Expect, Reply
from meshproof.traffic.checks import status


def test_each_call_has_a_key_of_its_own_and_arrives_as_often_as_it_should(clock, recorded):
    probe = Keyed(clock, arrivals=3)
    evidence = Expect(clock=clock, recorder=recorded.append).attempts(
        probe.call(), at=probe, exactly=3, check=status(200)
    )
    assert len(set(probe.urls)) == 5
    assert all(url.startswith("http://probe-b:8080/?fail_first=2&key=") for url in probe.urls)
    assert evidence.expected == "status 200 and arrived 3 times at probe-b, 5 calls in a row"
    assert evidence.last == "as expected: arrived 3 times, status 200"
    assert recorded == [evidence]
    # Counted after each reply, and once more at the end.
    assert set(probe.looks.values()) == {2}


def test_url_without_a_query_gets_one(clock):
    probe = Keyed(clock, arrivals=1)
    Expect(clock=clock).attempts(probe.call("tcp://probe-b:8083"), at=probe, exactly=1)
    assert probe.urls[0].startswith("tcp://probe-b:8083?key=")


@pytest.mark.parametrize(("arrivals", "said"), [(0, "never"), (1, "once"), (2, "twice"), (4, "4 times")])
def test_other_number_is_said(clock, arrivals, said):
    probe = Keyed(clock, arrivals=arrivals)
    with pytest.raises(AttemptsMissed) as error:
        Expect(clock=clock).attempts(probe.call(), at=probe, exactly=3)
    lines = str(error.value).splitlines()
    calls = error.value.evidence.calls
    assert lines[0] == f"not 3 attempts of each call ({calls} calls): arrived {said}"
    assert (
        lines[2] == "  expected  answered and arrived 3 times at probe-b, 5 calls in a row (longest run: 0)"
    )
    assert lines[4] == f"  seen      {calls}x arrived {said}"


def test_calls_that_arrive_as_they_should_only_later_converge(clock):
    probe = Keyed(clock, arrivals=lambda number: 1 if number in {0, 1, 4} else 3)
    evidence = Expect(clock=clock).attempts(probe.call(), at=probe, exactly=3)
    assert (evidence.calls, evidence.seen, evidence.longest_run) == (10, (("arrived once", 3),), 5)


def test_wrong_reply_is_a_miss_although_the_number_is_right(clock):
    probe = Keyed(clock, arrivals=3, reply=Reply(503))
    with pytest.raises(AttemptsMissed, match="status 503"):
        Expect(clock=clock).attempts(probe.call(), at=probe, exactly=3, check=status(200))


def test_attempt_that_arrives_after_the_reply_counts_too(clock):
    probe = Keyed(clock, arrivals=3, late=1)
    with pytest.raises(AttemptsMissed, match="arrived 4 times, 1 of them after the reply"):
        Expect(clock=clock).attempts(probe.call(), at=probe, exactly=3)
