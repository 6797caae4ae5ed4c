"""When a reply of a batch was back, although a probe hands over all of them together."""

from itertools import repeat

import pytest
from scripted import Script

from meshproof.traffic import Expect, Reply
from meshproof.traffic.checks import status
from meshproof.traffic.moments import back_at


def took(*seconds):
    return tuple(Reply(200, seconds=each) for each in seconds)


def test_calls_one_after_the_other_end_one_after_the_other():
    replies = took(1, 2, 3)
    moments = [back_at(replies, number, at_once=1, began=10, ended=16.5) for number in range(3)]
    assert moments == [11.5, 13.5, 16.5]


def test_calls_at_once_start_as_soon_as_one_has_ended():
    # The third starts when the first has ended, the fourth with the second.
    replies = took(1, 2, 4, 2)
    moments = [back_at(replies, number, at_once=2, began=0, ended=5) for number in range(4)]
    assert moments == [1, 2, 5, 4]


def test_no_reply_is_back_before_its_batch_was_sent():
    assert back_at(took(1, 9), 0, at_once=1, began=100, ended=105) == 100


def test_first_pass_of_slow_calls_is_not_the_end_of_their_batch(clock):
    # 20 calls of 1 s, four at once, take 5 s; the first is back after one.
    script = Script(clock, repeat(Reply(200, seconds=1.0)), seconds=5.0)
    evidence = Expect(clock=clock).converged(script.call(), status(200))
    assert evidence.first_pass == pytest.approx(1001)


def test_first_pass_is_that_of_the_reply_that_passed(clock):
    replies = [Reply(503, seconds=1.0)] * 8
    script = Script(clock, iter([*replies, *[Reply(200, seconds=1.0)] * 400]), seconds=5.0)
    evidence = Expect(clock=clock).converged(script.call(), status(200))
    assert evidence.first_pass == pytest.approx(1003)


def test_what_always_holds_has_a_first_pass_of_its_own(clock):
    script = Script(clock, repeat(Reply(200, seconds=1.0)), seconds=5.0)
    assert Expect(clock=clock).always(script.call(), status(200)).first_pass == pytest.approx(1001)
