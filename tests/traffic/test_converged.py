"""expect.converged: right answers in a row, at a bounded pace, within a deadline."""

from dataclasses import replace
from itertools import chain, cycle, repeat

import pytest
from scripted import RESET, Script, served

from meshproof.traffic import Budgets, Expect, Missed, NotConverged
from meshproof.traffic.checks import served_by, status
from meshproof.traffic.protocol import Protocol

CHECK = status(200) & served_by("reviews-v2")


def test_twenty_right_answers_in_a_row_go_on_until_they_are_steady(clock, recorded):
    script = Script(clock, repeat(served(2)))
    evidence = Expect(clock=clock, recorder=recorded.append).converged(script.call(), CHECK)
    assert [(batch.count, batch.concurrency) for _, batch in script.batches] == [
        (20, 4),
        (125, 16),
    ]
    assert script.batches[0][1].deadline == 30.0
    assert (evidence.held, evidence.calls, evidence.passes, evidence.longest_run) == (True, 145, 145, 145)
    assert evidence.seen == ()
    assert evidence.steady == "145 in a row, so right 95.0% of the time or more (beta 0.001)"
    assert evidence.lines()[-1] == f"  steady    {evidence.steady}"
    assert recorded == [evidence]


def test_every_call_has_a_connection_of_its_own(clock):
    # Where no proxy is between, all calls of a kept connection go to one pod: 20 in a row would be one.
    script = Script(clock, repeat(served(2)))
    Expect(clock=clock).converged(script.call(), CHECK)
    assert all(batch.new_connections for _, batch in script.batches)


def test_slow_answers_are_watched_for_the_tables_seconds_and_show_less(clock):
    # A batch of 20 takes 2 s: as many fit into the 2 s of the table.
    script = Script(clock, repeat(served(2)), seconds=2.0)
    evidence = Expect(clock=clock).converged(script.call(), CHECK)
    assert [batch.count for _, batch in script.batches] == [20, 20]
    assert evidence.steady == "40 in a row, so right 83.1% of the time or more (beta 0.001)"


def test_slow_calls_are_sent_many_at_a_time_once_they_are_right(clock):
    # Each takes half a second, however many there are.
    slow = replace(served(2), seconds=0.5)
    script = Script(clock, repeat(slow), seconds=0.5)
    evidence = Expect(clock=clock).converged(script.call(), CHECK)
    batches = [(batch.count, batch.concurrency) for _, batch in script.batches]
    assert batches == [(20, 4), (90, 45), (35, 35)]
    assert evidence.longest_run == 145


def test_of_slow_grpc_calls_fewer_are_sent_at_a_time(clock):
    slow = replace(served(2), seconds=0.5)
    script = Script(clock, repeat(slow), seconds=0.5)
    call = replace(script.call("grpc://reviews:9080"), protocol=Protocol.GRPC)
    Expect(clock=clock).converged(call, CHECK)
    assert [batch.concurrency for _, batch in script.batches][:2] == [4, 9]


def test_after_a_miss_slow_calls_are_sent_few_at_a_time_again(clock):
    slow, wrong = replace(served(2), seconds=0.5), replace(served(1), seconds=0.5)
    script = Script(clock, chain([slow] * 30, [wrong], repeat(slow)), seconds=0.5)
    Expect(clock=clock).converged(script.call(), CHECK)
    assert [batch.concurrency for _, batch in script.batches][:3] == [4, 45, 4]


def test_calls_of_which_one_is_fast_are_not_slow(clock):
    slow, fast = replace(served(2), seconds=0.5), replace(served(2), seconds=0.05)
    script = Script(clock, cycle([fast, *[slow] * 19]))
    Expect(clock=clock).converged(script.call(), CHECK)
    assert [batch.concurrency for _, batch in script.batches] == [4, 16]


def test_a_miss_while_steadiness_is_shown_starts_anew_and_costs_more(clock):
    script = Script(clock, chain([served(2)] * 100, [served(1)], repeat(served(2))))
    evidence = Expect(clock=clock).converged(script.call(), CHECK)
    assert evidence.seen == (("served by reviews-v1-…", 1),)
    assert evidence.longest_run == 172
    assert evidence.held


def test_answers_that_miss_now_and_then_are_told_from_those_that_never_came(clock):
    script = Script(clock, lambda number: served(1 if number % 30 == 29 else 2))
    with pytest.raises(
        NotConverged, match=r"not converged within 30 s \(\d+ calls\): 20 in a row came, and then a miss"
    ) as error:
        Expect(clock=clock).converged(script.call(), CHECK)
    assert error.value.evidence.expected.endswith("20 times in a row and steady (longest run: 29)")


def test_first_pass_is_the_moment_that_it_was_back(clock):
    script = Script(clock, chain([served(1)] * 20, repeat(served(2))), seconds=0.02)
    evidence = Expect(clock=clock).converged(script.call(), CHECK)
    assert evidence.first_pass == pytest.approx(1000 + 0.05 + 0.02)
    with pytest.raises(NotConverged) as error:
        Expect(clock=clock).converged(Script(clock, repeat(served(1))).call(), CHECK)
    assert error.value.evidence.first_pass is None


def test_a_miss_starts_the_count_again(clock):
    # Right to the nineteenth, one miss, then right.
    script = Script(clock, chain([served(2)] * 19, [served(1)], repeat(served(2))))
    evidence = Expect(clock=clock).converged(script.call(), CHECK, in_a_row=20)
    assert [batch.count for _, batch in script.batches] == [20, 20]
    assert evidence.seen == (("served by reviews-v1-…", 1),)
    assert evidence.calls == 40


def test_a_run_goes_on_over_batches(clock):
    script = Script(clock, chain([served(1)] * 5, repeat(served(2))))
    evidence = Expect(clock=clock).converged(script.call(), CHECK, in_a_row=20)
    assert [batch.count for _, batch in script.batches] == [20, 5]
    assert evidence.longest_run == 20


def test_call_left_without_a_reply_is_a_miss(clock):
    script = Script(clock, repeat(served(2)), most=19)
    with pytest.raises(NotConverged) as error:
        Expect(clock=clock).converged(script.call(), CHECK)
    evidence = error.value.evidence
    assert evidence.longest_run == 19
    assert evidence.seen == (("only 19 in the script", len(script.batches)),)
    assert evidence.last == "only 19 in the script"
    assert evidence.passes == evidence.calls == 19 * len(script.batches)


class Hanging(Script):
    """Takes long over a batch that it does not answer as a whole."""

    def send(self, call, batch):
        answer = super().send(call, batch)
        self.clock.time += 4.0 * answer.partial
        return answer


def test_calls_that_hang_do_not_lower_what_is_asked_for(clock):
    # 20 come fast, so 145 are asked for; of the next 60, 20 hang.
    script = Hanging(clock, repeat(served(2)), most=40)
    with pytest.raises(NotConverged, match="20 in a row came, and then a miss"):
        Expect(clock=clock).converged(script.call(), CHECK)


def test_deadline_that_comes_before_answers_are_steady_is_no_miss(clock):
    script = Script(clock, repeat(served(2)), seconds=0.5)
    with pytest.raises(
        NotConverged, match="20 in a row came, and the deadline before they were steady"
    ) as error:
        Expect(clock=clock).converged(script.call(), CHECK, within=0.6)
    assert error.value.evidence.seen == ()


def test_what_the_deadline_cuts_off_is_no_miss(clock):
    script = Script(clock, repeat(served(2)), seconds=40.0, most=19)
    with pytest.raises(NotConverged) as error:
        Expect(clock=clock).converged(script.call(), CHECK)
    assert (error.value.evidence.seen, error.value.evidence.longest_run) == ((), 19)


def test_three_versions_in_turn_never_converge(clock):
    script = Script(clock, cycle([served(1), served(2), served(3)]))
    with pytest.raises(NotConverged) as error:
        Expect(clock=clock).converged(script.call(), CHECK)
    assert error.value.evidence.longest_run == 1


def test_slow_batches_are_not_waited_for_on_top(clock):
    script = Script(clock, repeat(served(1)), seconds=1.0)
    with pytest.raises(NotConverged):
        Expect(clock=clock).converged(script.call(), CHECK)
    assert clock.waits == []
    assert [batch.deadline for _, batch in script.batches[-2:]] == [pytest.approx(2.0), pytest.approx(1.0)]


def test_failure_shows_call_expected_last_and_seen(clock, recorded):
    # 100 calls, of which the longest run of right ones is 4.
    right, wrong = served(2), served(1)
    replies = [*[wrong] * 41, RESET, *[right] * 4, RESET, *[wrong] * 3]
    script = Script(clock, chain(replies, repeat(wrong)), seconds=15.0)
    with pytest.raises(NotConverged) as error:
        Expect(Budgets(in_a_row=50), clock, recorded.append).converged(script.call(), CHECK)
    assert str(error.value).splitlines() == [
        "not converged within 30 s (100 calls)",
        "  call      probe-a -> GET http://reviews:9080/reviews/0  end-user: jason",
        "  expected  status 200 and served by reviews-v2, 50 times in a row (longest run: 4)",
        "  last      served by reviews-v1-545db77b95-9xk7p",
        "  seen      94x served by reviews-v1-…, 2x connection reset by peer",
    ]
    assert recorded == [error.value.evidence]
    assert not recorded[0].held


def test_batch_is_no_larger_than_a_probe_can_answer(clock):
    script = Script(clock, repeat(served(2)))
    Expect(clock=clock).converged(script.call(), CHECK)
    assert max(batch.count * batch.body_limit for _, batch in script.batches) <= 4 << 20


@pytest.mark.parametrize("at_once", [128, 129, 200])
def test_nor_where_more_calls_than_that_are_asked_for_at_a_time(clock, at_once):
    script = Script(clock, repeat(served(2)))
    Expect(Budgets(concurrency=at_once), clock=clock).converged(script.call(), CHECK, in_a_row=500)
    assert max(batch.count * batch.body_limit for _, batch in script.batches) == 4 << 20


def test_no_reply_at_all_says_so(clock):
    script = Script(clock, repeat(served(2)), seconds=40.0, most=0)
    with pytest.raises(
        NotConverged, match=r"not converged within 30 s \(0 calls\)\n(.*\n)+  last      no reply yet$"
    ):
        Expect(clock=clock).converged(script.call(), CHECK)


def test_deadline_and_count_can_be_the_tests_own(clock):
    script = Script(clock, repeat(served(1)))
    with pytest.raises(NotConverged, match="within 2 s"):
        Expect(clock=clock).converged(script.call(), CHECK, within=2, in_a_row=3)
    assert script.batches[0][1].count == 3


def test_a_hint_is_the_last_line():
    assert str(Missed("not converged", None, "no route")) == "not converged\n  hint      no route"


def test_pytest_prints_the_cause_first_and_ends_at_the_tests_line(clock):
    script = Script(clock, repeat(served(1)))
    with pytest.raises(NotConverged) as error:
        Expect(clock=clock).converged(script.call(), CHECK)
    lines = str(error.getrepr(style="short")).splitlines()
    assert "test_converged.py" in lines[0]
    assert lines[2].startswith("E   NotConverged: not converged within 30 s (")
    assert lines[3] == "E     call      probe-a -> GET http://reviews:9080/reviews/0  end-user: jason"
    assert not any("expect.py" in line for line in lines)
