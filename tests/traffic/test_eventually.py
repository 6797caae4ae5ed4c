"""expect.eventually: what the mesh says of its traffic comes later."""

import pytest

from meshproof.traffic import Expect, NotSeen


def look_for(series):
    return lambda: next(series)


def enough(value):
    return None if value >= 3 else f"{value} requests"


def test_first_look_that_passes_is_returned(clock, recorded):
    expect = Expect(clock=clock, recorder=recorded.append)
    found = expect.eventually(
        look_for(iter([0, 0, 1, 3])), enough, what="istio_requests_total", expected="3 requests"
    )
    assert found == 3
    (evidence,) = recorded
    assert (evidence.promise, evidence.held, evidence.calls) == ("eventually", True, 4)
    assert evidence.seen == (("0 requests", 2), ("1 requests", 1))
    assert evidence.lines()[-1] == "  seen      1x as expected, 2x 0 requests, 1x 1 requests"
    assert len(clock.waits) == 3


def test_value_that_is_false_can_be_what_was_wanted(clock):
    assert Expect(clock=clock).eventually(lambda: 0, lambda _: None, what="x", expected="nothing") == 0


def test_deadline_raises_with_everything_seen(clock, recorded):
    with pytest.raises(NotSeen) as error:
        Expect(clock=clock, recorder=recorded.append).eventually(
            lambda: 1, enough, what="istio_requests_total{app=reviews}", expected="3 requests", within=5
        )
    looks = recorded[0].calls
    assert str(error.value).splitlines() == [
        f"not seen within 5 s ({looks} looks)",
        "  call      istio_requests_total{app=reviews}",
        "  expected  3 requests",
        "  last      1 requests",
        f"  seen      {looks}x 1 requests",
    ]
    assert clock.now() == pytest.approx(1005)


def test_many_kinds_of_miss_are_cut_in_print_and_kept_in_evidence(clock, recorded):
    series = iter(range(-1000, 3))
    with pytest.raises(NotSeen, match=r"1x -1000 requests, .*, \d+ more kinds$"):
        Expect(clock=clock, recorder=recorded.append).eventually(
            look_for(series), enough, what="x", expected="y", within=10
        )
    assert len(recorded[0].seen) == recorded[0].calls
