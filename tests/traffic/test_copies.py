"""expect.copies: how many of the calls arrive somewhere else, too."""

from dataclasses import dataclass, field
from itertools import pairwise
from random import Random

import pytest
from scripted import FakeClock, Script, served

from meshproof.traffic import Budgets, Expect, NotConverged, ShareMissed
from meshproof.traffic.checks import served_by


@dataclass
class Mirror:
    """A probe to which so many copies of a sample have come; the last of them arrive a moment late."""

    clock: FakeClock
    copies: int
    late: int = 0
    name: str = "reviews-v2"
    looks: list[tuple[float, str]] = field(default_factory=list)

    def seen(self, key):
        self.looks.append((self.clock.now(), key))
        self.clock.time += 0.002
        return self.copies - (self.late if len(self.looks) == 1 else 0)


def copied(clock, mirror, share, recorder=None, replies=lambda _: served(1), **script):
    sender = Script(clock, replies, **script)
    expect = Expect(clock=clock, recorder=recorder)
    return sender, expect.copies(sender.call(), at=mirror, share=share, check=served_by("reviews-v1"))


def test_each_call_copied_once_holds_and_leaves_its_figures(clock, recorded):
    mirror = Mirror(clock, copies=163)
    script, evidence = copied(clock, mirror, 1, recorded.append)
    assert [batch.count for _, batch in script.batches] == [20, 163]
    assert script.batches[1][1].body_limit == 0
    assert [one.promise for one in recorded] == ["converged", "copies"]
    assert (evidence.calls, evidence.passes, evidence.held) == (163, 163, True)
    assert evidence.expected == (
        "served by reviews-v1, and 100.0% of 163 calls copied to reviews-v2"
        " (alpha 0.0001, beta 0.001 at 5 points)"
    )
    (copies,) = evidence.shares
    assert (copies.name, copies.count, copies.n) == ("copies at reviews-v2", 163, 163)


@pytest.mark.parametrize(("copies", "seen"), [(162, "99.4%"), (164, "100.6%"), (0, "0.0%")])
def test_one_copy_more_or_less_than_each_is_missed(clock, copies, seen):
    said = f"copies of {seen} of the calls arrived at reviews-v2, not of 100.0% \\(163 calls\\)"
    with pytest.raises(ShareMissed, match=said):
        copied(clock, Mirror(clock, copies), 1)


def test_copies_that_arrive_after_the_replies_are_waited_for(clock):
    mirror = Mirror(clock, copies=163, late=3)
    _, evidence = copied(clock, mirror, 1)
    assert evidence.held
    # Until two looks in a row saw the same number of the same key; each is two requests.
    assert len(mirror.looks) == 3
    assert len({key for _, key in mirror.looks}) == 1
    moments = [moment for moment, _ in mirror.looks]
    assert all(later - earlier >= 0.1 for earlier, later in pairwise(moments))


@pytest.mark.parametrize(("true", "held"), [(0.1, True), (0.15, False), (0.05, False)])
def test_share_of_copies_is_tested_exactly(clock, true, held):
    random = Random(1)  # noqa: S311 - no secret
    mirror = Mirror(clock, copies=0)

    def reply(number):
        mirror.copies += number >= 20 and random.random() < true
        return served(1)

    try:
        _, evidence = copied(clock, mirror, 0.1, replies=reply)
    except ShareMissed as error:
        evidence = error.evidence
    assert evidence.held is held
    assert evidence.calls > 500


def test_copy_that_the_client_notices_is_missed(clock):
    with pytest.raises(ShareMissed, match=r"answered wrong \(1 of 163\): served by reviews-v2-…"):
        copied(clock, Mirror(clock, 163), 1, replies=lambda number: served(2 if number == 100 else 1))


def test_answers_that_are_wrong_from_the_start_are_not_converged(clock):
    mirror = Mirror(clock, 163)
    with pytest.raises(NotConverged):
        copied(clock, mirror, 1, replies=lambda _: served(2))
    assert not mirror.looks


def test_unfinished_sample_is_missed_and_not_judged_as_a_whole_one(clock):
    with pytest.raises(ShareMissed, match=r"sample not finished within 120 s \(100 of 163 calls\)") as error:
        copied(clock, Mirror(clock, 163), 1, most=100)
    assert error.value.hint == "only 100 in the script"


def test_points_decide_the_size_of_the_sample(clock):
    sender = Script(clock, lambda _: served(1))
    expect = Expect(Budgets(points=0.1), clock)
    evidence = expect.copies(sender.call(), at=Mirror(clock, 77), share=1, check=served_by("reviews-v1"))
    assert evidence.calls == 77
