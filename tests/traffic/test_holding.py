"""expect.always and expect.never: for a stated time, and not a moment longer than it takes to see a miss."""

from itertools import chain, repeat

import pytest
from scripted import RESET, Script, failed, served

from meshproof.traffic import Expect, FailureKind, NotKept, Reply
from meshproof.traffic.checks import served_by, status

V2 = served_by("reviews-v2")


def test_never_holds_for_the_tables_seconds(clock, recorded):
    script = Script(clock, repeat(served(1)))
    evidence = Expect(clock=clock, recorder=recorded.append).never(script.call(), V2)
    assert (evidence.promise, evidence.held, evidence.seconds) == ("never", True, pytest.approx(5.0))
    assert evidence.expected == "never served by reviews-v2, for 5 s"
    assert evidence.calls == evidence.passes == 20 * len(script.batches)
    assert all(batch.new_connections for _, batch in script.batches)
    assert recorded == [evidence]


def test_first_time_that_it_happens_ends_it_at_once(clock, recorded):
    script = Script(clock, chain([served(1)] * 45, [served(2)], repeat(served(1))))
    with pytest.raises(NotKept) as error:
        Expect(clock=clock, recorder=recorded.append).never(script.call(), V2)
    assert len(script.batches) == 3
    assert str(error.value).splitlines() == [
        "held for 0.1 s of 5 s (46 calls)",
        "  call      probe-a -> GET http://reviews:9080/reviews/0  end-user: jason",
        "  expected  never served by reviews-v2, for 5 s",
        "  last      status 200, served by reviews-v2-6d79f8b5c-2mzqw: served by reviews-v2",
        "  seen      1x status 200, served by reviews-v2-…: served by reviews-v2",
    ]
    assert (recorded[0].held, recorded[0].passes) == (False, 45)


@pytest.mark.parametrize("kind", [FailureKind.TIMEOUT, FailureKind.DNS, FailureKind.OTHER])
def test_never_is_not_proven_by_silence(clock, kind):
    script = Script(clock, repeat(failed(kind, "nothing came")))
    with pytest.raises(NotKept, match="nothing came, which proves nothing"):
        Expect(clock=clock).never(script.call(), V2)


def test_never_is_proven_by_those_who_are_turned_away(clock):
    assert Expect(clock=clock).never(Script(clock, repeat(RESET)).call(), V2).held


def test_always_ends_at_the_first_miss(clock):
    script = Script(clock, chain([served(2)] * 20, [Reply(503)], repeat(served(2))))
    with pytest.raises(NotKept, match=r"held for 0.1 s of 5 s \(21 calls\)"):
        Expect(clock=clock).always(script.call(), status(200))
    assert Expect(clock=clock).always(Script(clock, repeat(served(2))).call(), status(200)).held


def test_call_without_a_reply_is_a_miss(clock):
    script = Script(clock, repeat(served(2)), most=19)
    with pytest.raises(NotKept, match="only 19 in the script"):
        Expect(clock=clock).always(script.call(), status(200))


def test_time_can_be_the_tests_own(clock):
    assert Expect(clock=clock).never(Script(clock, repeat(served(1))).call(), V2, for_=1).seconds >= 1


def test_first_pass_is_kept(clock):
    evidence = Expect(clock=clock).always(Script(clock, repeat(served(2))).call(), V2)
    assert evidence.first_pass == pytest.approx(1000.01)
