"""Of the calls that share an allowance so many are let in: two rounds, each with an allowance of its own."""

from collections import Counter
from dataclasses import replace

import pytest
from scripted import FakeClock, failed

from meshproof.checks import status
from meshproof.traffic import AllowanceMissed, Answer, Budgets, Call, Expect, FailureKind, Reply

SILENT = failed(FailureKind.TIMEOUT, "no answer")
LIMIT = 5
BUDGETS = replace(Budgets(), beyond=4, converge=2.0)
CALLS = LIMIT + BUDGETS.beyond


class Limiter:
    """Lets so many calls of each tenant in, from its `since`th tenant on; before, it lets everybody in."""

    def __init__(self, clock, allowed, *, since=1, refusal=Reply(429), most=99):  # noqa: B008 - a value
        self.clock, self.allowed, self.since, self.refusal, self.most = clock, allowed, since, refusal, most
        self.calls = Counter()
        self.batches = []

    def send(self, call, batch):
        self.clock.time += 0.01
        (tenant,) = (value for name, value in call.headers if name == "x-tenant")
        self.batches.append((self.clock.now(), call.source, tenant, batch))
        return Answer(tuple(self._reply(tenant) for _ in range(min(batch.count, self.most))))

    def _reply(self, tenant):
        self.calls[tenant] += 1
        within = self.calls[tenant] <= self.allowed or len(self.calls) < self.since
        return Reply(200) if within else self.refusal

    def call(self, source="probe-a"):
        return Call(source, "GET", "http://backend/", (("end-user", "jason"),), "", 5.0, self)


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def evidence():
    return []


@pytest.fixture
def judge(clock, evidence):
    def allowance(*calls, give_up=None):
        expect = Expect(BUDGETS, clock, evidence.append, give_up=give_up)
        return expect.allowance(
            *calls, per="x-tenant", let_in=status(200), refused=status(429), exactly=LIMIT
        )

    return allowance


def test_two_rounds_that_are_as_they_should_be_are_enough(clock, judge, evidence):
    limiter = Limiter(clock, LIMIT)
    found = judge(limiter.call())
    assert evidence == [found]
    assert (found.promise, found.held, found.calls, found.passes) == ("allowance", True, CALLS, CALLS)
    assert found.seen == (("let in", LIMIT), ("refused", BUDGETS.beyond))
    assert list(limiter.calls.values()) == [CALLS, CALLS]


def test_every_call_has_a_connection_of_its_own_and_keeps_its_headers(clock, judge):
    limiter = Limiter(clock, LIMIT)
    judge(limiter.call())
    assert [batch.count for *_, batch in limiter.batches] == [4, 4, 1, 4, 4, 1]
    assert all(batch.new_connections for *_, batch in limiter.batches)


def test_several_callers_share_it_by_turns(clock, judge):
    limiter = Limiter(clock, LIMIT)
    found = judge(limiter.call("probe-a"), limiter.call("probe-b"))
    assert [source for _, source, *_ in limiter.batches] == ["probe-a", "probe-b", "probe-a"] * 2
    one, other = (f"{name} -> GET http://backend/  end-user: jason" for name in ("probe-a", "probe-b"))
    assert found.call == f"{one} and {other}"


def test_one_waits_until_the_limit_is_there(clock, judge):
    limiter = Limiter(clock, LIMIT, since=3)
    found = judge(limiter.call())
    assert len(limiter.calls) == 4
    assert found.waited.seconds > found.waited.late > 0


@pytest.mark.parametrize(
    ("allowed", "seen"),
    [
        pytest.param(LIMIT - 1, "5 refused, 4 let in", id="less"),
        pytest.param(LIMIT + 1, "6 let in, 3 refused", id="more"),
        pytest.param(CALLS, "9 let in", id="no-limit"),
    ],
)
def test_more_or_fewer_that_are_let_in_are_a_miss(clock, judge, evidence, allowed, seen):
    with pytest.raises(AllowanceMissed, match=f"of 9 calls with the same x-tenant: {seen}"):
        judge(Limiter(clock, allowed).call())
    assert [found.held for found in evidence] == [False]


def test_another_refusal_than_the_expected_one_is_a_miss(clock, judge):
    with pytest.raises(AllowanceMissed, match="5 let in, 4 status 503"):
        judge(Limiter(clock, LIMIT, refusal=Reply(503)).call())


def test_calls_that_fail_are_no_answers(clock, judge, evidence):
    with pytest.raises(AllowanceMissed, match="4 no answer"):
        judge(Limiter(clock, LIMIT, refusal=SILENT).call())
    assert evidence[0].answers == LIMIT


def test_calls_without_a_reply_are_a_miss(clock, judge):
    with pytest.raises(AllowanceMissed, match="a call was left without a reply"):
        judge(Limiter(clock, LIMIT, most=2).call())


def test_the_round_that_is_judged_has_no_second_one(clock, judge):
    limiter = Limiter(clock, LIMIT)
    first = limiter.send

    def once(call, batch):
        limiter.allowed = LIMIT if len(limiter.calls) < 1 or len(limiter.batches) < 3 else LIMIT + 2
        return first(call, batch)

    limiter.send = once
    with pytest.raises(AllowanceMissed, match="7 let in, 2 refused"):
        judge(limiter.call())
    assert len(limiter.calls) == 2


def test_a_control_run_gives_up_after_its_patience(clock, judge):
    began = clock.now()
    with pytest.raises(AllowanceMissed):
        judge(Limiter(clock, CALLS).call(), give_up=0.5)
    assert clock.now() - began < BUDGETS.converge


def test_rounds_keep_to_twenty_requests_a_second(clock, judge):
    limiter = Limiter(clock, CALLS)
    with pytest.raises(AllowanceMissed):
        judge(limiter.call())
    starts = [start for start, *_ in limiter.batches]
    assert max(sum(first <= start < first + 1 for start in starts) for first in starts) <= 20
