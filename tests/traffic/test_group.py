"""expect.group: calls that are judged together."""

from itertools import chain, cycle, islice, repeat

import pytest
from scripted import RESET, Script, served

from meshproof.traffic import Budgets, Expect, NotConverged

SIZE = Budgets().group


def both(replies):
    found = len({reply.workload for reply in replies})
    return None if found == 2 else f"{found} served"


def judged(clock, replies, **how):
    script = Script(clock, replies, **how)
    return script, Expect(clock=clock).group(script.call(), both, expected="two serve")


def test_group_that_is_as_it_should_be_is_enough(clock):
    script, evidence = judged(clock, cycle([served(1), served(2)]))
    assert [batch.count for _, batch in script.batches] == [SIZE]
    assert all(batch.new_connections and not batch.body_limit for _, batch in script.batches)
    assert (evidence.held, evidence.calls, evidence.answers) == (True, SIZE, SIZE)
    assert evidence.expected == f"two serve, of {SIZE} calls taken together"


def test_groups_are_sent_until_one_is(clock):
    ones = repeat(served(1), 2 * SIZE)
    script, evidence = judged(clock, chain(ones, islice(cycle([served(1), served(2)]), SIZE)))
    assert len(script.batches) == 3
    assert evidence.seen == (("1 served", 2),)
    assert evidence.waited.seconds > 0


def test_group_that_never_is_tells_why(clock):
    with pytest.raises(
        NotConverged, match=r"not converged within 30 s \(\d+ groups of calls\): 1 served"
    ) as error:
        judged(clock, repeat(served(1)))
    assert not error.value.evidence.held


def test_group_that_is_not_complete_is_a_miss(clock):
    with pytest.raises(NotConverged, match="only 119 in the script"):
        judged(clock, cycle([served(1), served(2)]), most=SIZE - 1)


def test_calls_that_nobody_answers_are_no_answers(clock):
    with pytest.raises(NotConverged) as error:
        judged(clock, repeat(RESET))
    assert error.value.evidence.answers == error.value.evidence.calls > 0


def test_control_run_looks_twice_at_least_and_then_gives_up(clock):
    script = Script(clock, repeat(served(1)), seconds=10)
    with pytest.raises(NotConverged):
        Expect(clock=clock, give_up=2.0).group(script.call(), both, expected="two serve")
    assert len(script.batches) == 2
