"""expect.converged: right answers in a row, at a bounded pace, within a deadline."""

from itertools import chain, cycle, pairwise, repeat

import pytest
from scripted import RESET, Script, served

from meshproof.traffic import Budgets, Expect, Missed, NotConverged
from meshproof.traffic.checks import served_by, status

CHECK = status(200) & served_by("reviews-v2")


def test_twenty_right_answers_in_one_batch_are_enough(clock, recorded):
    script = Script(clock, repeat(served(2)))
    evidence = Expect(clock=clock, recorder=recorded.append).converged(script.call(), CHECK)
    ((_, batch),) = script.batches
    assert (batch.count, batch.concurrency, batch.deadline) == (20, 4, 30.0)
    assert (evidence.held, evidence.calls, evidence.passes, evidence.longest_run) == (True, 20, 20, 20)
    assert evidence.seen == ()
    assert recorded == [evidence]
    assert clock.waits == []


def test_a_miss_starts_the_count_again(clock):
    # Right to the nineteenth, one miss, then right.
    script = Script(clock, chain([served(2)] * 19, [served(1)], repeat(served(2))))
    evidence = Expect(clock=clock).converged(script.call(), CHECK)
    assert [batch.count for _, batch in script.batches] == [20, 20]
    assert evidence.seen == (("served by reviews-v1-…", 1),)
    assert evidence.calls == 40


def test_a_run_goes_on_over_batches(clock):
    script = Script(clock, chain([served(1)] * 5, repeat(served(2))))
    evidence = Expect(clock=clock).converged(script.call(), CHECK)
    assert [batch.count for _, batch in script.batches] == [20, 5]
    assert evidence.longest_run == 20


def test_a_partial_batch_counts_what_it_has(clock):
    script = Script(clock, repeat(served(2)), most=7)
    evidence = Expect(clock=clock).converged(script.call(), CHECK)
    assert [batch.count for _, batch in script.batches] == [20, 13, 6]
    assert evidence.calls == 20


def test_three_versions_in_turn_never_converge(clock):
    script = Script(clock, cycle([served(1), served(2), served(3)]))
    with pytest.raises(NotConverged) as error:
        Expect(clock=clock).converged(script.call(), CHECK)
    assert error.value.evidence.longest_run == 1


def test_pace_is_at_most_twenty_requests_a_second_and_slows_down(clock):
    script = Script(clock, repeat(served(1)))
    with pytest.raises(NotConverged):
        Expect(clock=clock).converged(script.call(), CHECK)
    starts = [start for start, _ in script.batches]
    gaps = [later - earlier for earlier, later in pairwise(starts)]
    assert min(gaps) >= 0.05 - 1e-9
    assert gaps[0] == pytest.approx(0.05)
    assert gaps[-2] == pytest.approx(0.5)
    assert len(starts) < 100
    assert starts[-1] < 1030.0
    assert clock.now() == pytest.approx(1030.0)


def test_slow_batches_are_not_waited_for_on_top(clock):
    script = Script(clock, repeat(served(1)), seconds=1.0)
    with pytest.raises(NotConverged):
        Expect(clock=clock).converged(script.call(), CHECK)
    assert clock.waits == []
    assert [batch.deadline for _, batch in script.batches[-2:]] == [pytest.approx(2.0), pytest.approx(1.0)]


def test_failure_shows_call_expected_last_and_seen(clock, recorded):
    # 214 calls, of which the longest run of right ones is 4.
    replies = [*[served(1)] * 141, RESET, *[served(2)] * 4, RESET]
    replies += [reply for _ in range(17) for reply in [*[served(2)] * 4, served(1)]][: 214 - len(replies) - 1]
    script = Script(clock, chain(replies, repeat(served(1))), seconds=30.0)
    budgets = Budgets(in_a_row=214, converge=30.0)
    with pytest.raises(NotConverged) as error:
        Expect(budgets, clock, recorded.append).converged(script.call(), CHECK)
    misses = 141 + sum(reply == served(1) for reply in replies[141:]) + 1
    assert str(error.value).splitlines() == [
        "not converged within 30 s (214 calls)",
        "  call      probe-a -> GET http://reviews:9080/reviews/0  end-user: jason",
        "  expected  status 200 and served by reviews-v2, 214 times in a row (longest run: 4)",
        "  last      served by reviews-v1-545db77b95-9xk7p",
        f"  seen      {misses}x served by reviews-v1-…, 2x connection reset by peer",
    ]
    assert recorded == [error.value.evidence]
    assert not recorded[0].held


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
