"""expect.crowd: of calls at the same time so many are let in, and the others refused."""

from itertools import chain, cycle, islice, repeat

import pytest
from scripted import RESET, Script, served

from meshproof.traffic import CrowdMissed, Expect
from meshproof.traffic.checks import status

CROWD = 16
IN, OUT = served(1), served(1, 503)


def of(let_in, size=CROWD):
    return [IN] * let_in + [OUT] * (size - let_in)


def crowds(*sizes):
    return chain.from_iterable(map(of, sizes))


def judged(clock, replies, **wanted):
    script = Script(clock, replies)
    wanted = {"most": 4, **wanted}
    evidence = Expect(clock=clock).crowd(script.call(), let_in=status(200), refused=status(503), **wanted)
    return script, evidence


def test_two_crowds_in_a_row_that_are_treated_so_are_enough(clock):
    script, evidence = judged(clock, crowds(4, 4))
    assert [(batch.count, batch.concurrency) for _, batch in script.batches] == [(CROWD, CROWD)] * 2
    assert all(batch.new_connections for _, batch in script.batches)
    assert (evidence.calls, evidence.passes, evidence.held) == (CROWD, CROWD, True)
    assert evidence.seen == (("refused", 12), ("let in", 4))
    assert evidence.expected == (
        "of 16 calls at the same time 4 let in (status 200), the others refused (status 503)"
    )


def test_limit_that_comes_only_later_is_waited_for(clock):
    script, evidence = judged(clock, crowds(16, 16, 5, 4, 4))
    assert len(script.batches) == 5
    assert evidence.waited.seconds > 0


@pytest.mark.parametrize("wrong", [3, 5, 16, 0])
def test_crowd_after_the_first_right_one_must_be_right_too(clock, wrong):
    with pytest.raises(CrowdMissed) as error:
        judged(clock, crowds(4, wrong, 4, 4))
    assert error.value.evidence.calls == CROWD


def test_limit_that_is_not_kept_says_what_became_of_the_calls(clock):
    with pytest.raises(CrowdMissed, match="of 16 calls at the same time: 16 let in") as error:
        judged(clock, repeat(IN))
    assert error.value.evidence.answers == CROWD


def test_call_that_is_neither_let_in_nor_refused_is_a_miss(clock):
    with pytest.raises(CrowdMissed, match="11 refused, 4 let in, 1 connection reset by peer"):
        judged(clock, cycle([*of(4, CROWD - 1), RESET]))


def test_range_of_calls_let_in_still_asks_for_one_that_is_refused(clock):
    for let_in in (2, 5, 8):
        judged(clock, crowds(let_in, let_in), least=2, most=8)
    for let_in in (1, 9):
        with pytest.raises(CrowdMissed):
            judged(clock, cycle(of(let_in)), least=2, most=8)
    with pytest.raises(CrowdMissed):
        judged(clock, repeat(IN), least=2, most=CROWD)


def test_crowd_that_is_not_answered_in_full_is_a_miss(clock):
    script = Script(clock, cycle(islice(crowds(4), 12)), most=12)
    with pytest.raises(CrowdMissed, match="4 a call was left without a reply"):
        Expect(clock=clock).crowd(script.call(), let_in=status(200), refused=status(503), most=4)


def test_control_run_gives_up_once_it_has_looked_for_long_enough(clock):
    script = Script(clock, repeat(IN), seconds=1.0)
    with pytest.raises(CrowdMissed):
        Expect(clock=clock, give_up=2.0).crowd(script.call(), let_in=status(200), refused=status(503), most=4)
    assert len(script.batches) <= 3
