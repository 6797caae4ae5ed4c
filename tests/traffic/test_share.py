"""expect.share: one sample, tested exactly."""

from dataclasses import replace
from random import Random

import pytest
from scripted import RESET, Script, served

from meshproof.traffic import Expect, NotConverged, Protocol, Reply, ShareMissed

WANTED = {"reviews-v1": 0.8, "reviews-v3": 0.2}


def spread(seed, **shares):
    """Replies of versions in these shares, drawn with a fixed seed."""
    random = Random(seed)  # noqa: S311 - no secret
    versions = {f"v{version}": served(version) for version in (1, 2, 3)}
    return lambda _: versions[random.choices(list(shares), list(shares.values()))[0]]


def test_right_shares_hold_and_leave_their_figures(clock, recorded):
    script = Script(clock, spread(1, v1=0.8, v3=0.2))
    evidence = Expect(clock=clock, recorder=recorded.append).share(script.call(), WANTED)
    assert [batch.count for _, batch in script.batches] == [20, 3370]
    sample = script.batches[1][1]
    assert (sample.concurrency, sample.deadline, sample.body_limit) == (16, 120.0, 0)
    assert [one.promise for one in recorded] == ["converged", "share"]
    v1, v3 = evidence.shares
    assert (v1.name, v1.expected, v1.n, v1.alpha, v1.beta, v1.points) == (
        "reviews-v1",
        0.8,
        3370,
        1e-4,
        1e-3,
        0.05,
    )
    assert v1.count + v3.count == 3370
    assert v1.observed == pytest.approx(0.8, abs=0.03)
    assert v1.p_value == pytest.approx(v3.p_value)
    assert v1.p_value > 1e-4
    assert evidence.held


@pytest.mark.parametrize("protocol", Protocol)
def test_sample_takes_a_connection_for_each_call_where_connections_are_what_is_spread(clock, protocol):
    script = Script(clock, spread(1, v1=0.8, v3=0.2))
    evidence = Expect(clock=clock).share(replace(script.call(), protocol=protocol), WANTED)
    by_connection = protocol in {Protocol.TCP, Protocol.WEBSOCKET}
    sample = script.batches[1][1]
    assert (sample.new_connections, sample.count) == ((True, 905) if by_connection else (False, 3370))
    assert {share.points for share in evidence.shares} == {0.1 if by_connection else 0.05}


def test_shares_five_points_off_are_missed_with_their_figures(clock, recorded):
    script = Script(clock, spread(2, v1=0.75, v3=0.25))
    with pytest.raises(ShareMissed) as error:
        Expect(clock=clock, recorder=recorded.append).share(script.call(), WANTED)
    v1, v3 = error.value.evidence.shares
    lines = str(error.value).splitlines()
    assert lines[0] == f"share of reviews-v1 is {v1.observed:.1%}, not 80.0% (3370 calls)"
    assert lines[2] == (
        "  expected  reviews-v1 80.0%, reviews-v3 20.0% of 3370 calls (alpha 0.0001, beta 0.001 at 5 points)"
    )
    assert lines[4] == f"  seen      {v1.count}x reviews-v1, {v3.count}x reviews-v3"
    assert lines[5].startswith("  shares    reviews-v1 ")
    assert [one.held for one in recorded] == [True, False]


def test_somebody_else_who_keeps_answering_is_not_converged(clock):
    script = Script(clock, spread(3, v1=1, v2=1, v3=1))
    with pytest.raises(NotConverged):
        Expect(clock=clock).share(script.call(), WANTED)


@pytest.mark.parametrize(
    ("stray", "name"),
    [
        (served(2), "reviews-v2"),
        (RESET, "connection reset by peer"),
        (served(1, status=503), "status 503, served by reviews-v1-…"),
        (Reply(503), "status 503"),
    ],
)
def test_a_single_stray_reply_in_the_sample_is_missed(clock, stray, name):
    draw = spread(4, v1=0.8, v3=0.2)
    script = Script(clock, lambda number: stray if number == 1000 else draw(number))
    with pytest.raises(ShareMissed, match=f"share of {name} is 0.0%, not 0.0%"):
        Expect(clock=clock).share(script.call(), WANTED)


def test_unfinished_sample_is_missed_and_not_judged_as_a_whole_one(clock):
    script = Script(clock, spread(5, v1=0.8, v3=0.2), most=500)
    with pytest.raises(ShareMissed, match=r"sample not finished within 120 s \(500 of 3370 calls\)") as error:
        Expect(clock=clock).share(script.call(), WANTED)
    assert error.value.hint == "only 500 in the script"


def test_several_shares_divide_alpha(clock):
    script = Script(clock, spread(6, v1=1, v2=1, v3=1))
    third = {f"reviews-v{version}": 1 / 3 for version in (1, 2, 3)}
    evidence = Expect(clock=clock).share(script.call(), third)
    assert [share.alpha for share in evidence.shares] == [pytest.approx(1e-4 / 3)] * 3
    assert evidence.calls > 4500


def test_replies_count_by_whatever_the_test_names(clock):
    random = Random(7)  # noqa: S311 - no secret
    script = Script(clock, lambda _: served(1, status=random.choices([200, 503], [0.9, 0.1])[0]))
    evidence = Expect(clock=clock).share(
        script.call(), {"200": 0.9, "503": 0.1}, by=lambda reply: str(reply.status)
    )
    assert evidence.held


def test_shares_that_do_not_add_up_are_the_tests_mistake(clock):
    with pytest.raises(ValueError, match=r"shares add up to 0.9, not 1"):
        Expect(clock=clock).share(Script(clock, ()).call(), {"reviews-v1": 0.8, "reviews-v3": 0.1})
