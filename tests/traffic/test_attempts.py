"""expect.attempts: how often each call arrives."""

from random import Random

import pytest
from scripted import Keyed

from meshproof.traffic import AttemptsMissed, Batch, Budgets, Expect, Reply
from meshproof.traffic.checks import status


def test_each_call_has_a_key_of_its_own_and_arrives_as_often_as_it_should(clock, recorded):
    probe = Keyed(clock, arrivals=3)
    evidence = Expect(clock=clock, recorder=recorded.append).attempts(
        probe.call(), at=probe, exactly=3, check=status(200)
    )
    # One tells that the configuration is there, 30 are judged; each is counted once.
    assert len(set(probe.urls)) == len(probe.looks) == len(set(probe.looks)) == 31
    assert all(url.startswith("http://probe-b:8080/?fail_first=2&key=") for url in probe.urls)
    assert evidence.expected == "status 200 and arrived 3 times at probe-b, 30 of 30 calls"
    assert evidence.last == "as expected: arrived 3 times, status 200"
    assert (evidence.calls, evidence.passes) == (30, 30)
    assert recorded == [evidence]


def test_evidence_says_what_the_sample_shows(clock):
    probe = Keyed(clock, arrivals=3)
    evidence = Expect(clock=clock).attempts(probe.call(), at=probe, exactly=3)
    assert evidence.steady == "30 in a row, so right 79.4% of the time or more (beta 0.001)"


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
    assert lines[0] == f"not 3 attempts of each call ({calls} of {calls} calls): arrived {said}"
    assert lines[2] == "  expected  answered and arrived 3 times at probe-b, 30 of 30 calls"
    assert lines[4] == f"  seen      {calls}x arrived {said}"
    assert error.value.evidence.steady == ""


def test_calls_that_arrive_as_they_should_only_later_are_waited_for(clock):
    probe = Keyed(clock, arrivals=lambda number: 1 if number < 4 else 3)
    evidence = Expect(clock=clock).attempts(probe.call(), at=probe, exactly=3)
    assert (evidence.calls, evidence.seen, len(probe.urls)) == (30, (), 35)


@pytest.mark.parametrize("wrong", [1, 17, 30])
def test_one_call_of_the_sample_is_enough_to_miss(clock, wrong):
    probe = Keyed(clock, arrivals=lambda number: 1 if number == wrong else 3)
    with pytest.raises(AttemptsMissed, match=r"\(1 of 30 calls\): arrived once") as error:
        Expect(clock=clock).attempts(probe.call(), at=probe, exactly=3)
    assert error.value.evidence.passes == 29


@pytest.mark.parametrize(("right", "most"), [(0.6, 0), (0.8, 1)])
def test_mesh_that_is_right_most_of_the_time_does_not_get_through_by_trying_again(clock, right, most):
    random = Random(1)  # noqa: S311 - no secret

    def held():
        probe = Keyed(clock, arrivals=lambda _: 3 if random.random() < right else 1)
        try:
            Expect(clock=clock).attempts(probe.call(), at=probe, exactly=3)
        except AttemptsMissed:
            return False
        return True

    assert sum(held() for _ in range(100)) <= most


def test_sample_is_sent_once_and_never_again(clock):
    probe = Keyed(clock, arrivals=lambda number: 1 if number == 1 else 3)
    with pytest.raises(AttemptsMissed):
        Expect(clock=clock).attempts(probe.call(), at=probe, exactly=3)
    assert len(probe.urls) == 31


def test_wrong_reply_is_a_miss_although_the_number_is_right(clock):
    probe = Keyed(clock, arrivals=3, reply=Reply(503))
    with pytest.raises(AttemptsMissed, match="status 503"):
        Expect(clock=clock).attempts(probe.call(), at=probe, exactly=3, check=status(200))


def test_attempt_that_arrives_after_the_reply_counts_too_when_it_is_there_in_time(clock):
    # The last replies come half a second before the counts.
    probe = Keyed(clock, arrivals=3, late=1, seconds=0.1)
    with pytest.raises(AttemptsMissed, match=r"\(25 of 30 calls\): arrived 4 times"):
        Expect(clock=clock).attempts(probe.call(), at=probe, exactly=3)


def test_sample_is_one_batch_of_calls_with_connections_of_their_own(clock):
    probe = Keyed(clock, arrivals=3)
    Expect(Budgets(keyed=135, sample=7.0), clock).attempts(probe.call(), at=probe, exactly=3)
    # Three requests for the first call, three for all others, however many they are.
    assert (len(probe.urls), len(probe.requests)) == (136, 6)
    assert probe.asked == [(Batch(1, 1, 7.0, new_connections=True), Budgets().concurrency, 7.0)]


@pytest.mark.parametrize("most", [0, 1, 29])
def test_unfinished_sample_is_missed_and_not_judged_as_a_whole_one(clock, most):
    probe = Keyed(clock, arrivals=3, most=most)
    with pytest.raises(AttemptsMissed, match=rf"sample not finished within 1 s \({most} of 30 calls\)"):
        Expect(Budgets(sample=1.0), clock).attempts(probe.call(), at=probe, exactly=3)


def test_first_pass_is_the_moment_that_it_was_back_and_not_counted(clock):
    # Two requests of a count take 0.002 s.
    probe = Keyed(clock, arrivals=3)
    evidence = Expect(clock=clock).attempts(probe.call(), at=probe, exactly=3)
    assert evidence.first_pass == pytest.approx(1000.001)
