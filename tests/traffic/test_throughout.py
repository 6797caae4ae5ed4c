"""expect.throughout: a steady load, every reply of which is judged while something is done."""

import threading
from itertools import chain, cycle, repeat

import pytest
from scripted import Script, served

from meshproof.errors import MeshproofError
from meshproof.traffic import Budgets, Expect, NotKept
from meshproof.traffic.checks import status

LOAD = Budgets().load


class Turns(Script):
    """Tells when so many batches were sent."""

    def __post_init__(self):
        super().__post_init__()
        self.sent = threading.Semaphore(0)

    def send(self, call, batch):
        answer = super().send(call, batch)
        self.sent.release()
        return answer

    def after(self, batches):
        for _ in range(batches):
            assert self.sent.acquire(timeout=10)


def throughout(script, recorded):
    return Expect(clock=script.clock, recorder=recorded.append).throughout(script.call(), status(200))


def test_load_is_under_way_before_and_until_after(clock):
    script, recorded = Turns(clock, cycle([served(1)])), []
    with throughout(script, recorded):
        assert script.batches
        script.after(3)
    (evidence,) = recorded
    assert evidence.held
    assert evidence.calls == evidence.passes == LOAD * len(script.batches)
    assert {(batch.count, batch.rate) for _, batch in script.batches} == {(LOAD, LOAD)}


def test_one_reply_that_misses_is_told_at_the_end(clock):
    script = Turns(clock, chain(repeat(served(1), LOAD), [served(1, 503)], repeat(served(1))))
    recorded = []
    load = throughout(script, recorded)
    load.__enter__()
    script.after(3)
    with pytest.raises(NotKept, match=r"1 of \d+ calls under load were not as expected"):
        load.__exit__(None, None, None)
    assert recorded[0].seen == (("status 503", 1),)


def test_load_that_fails_by_itself_stops_it_before_anything_is_done(clock):
    script, done = Turns(clock, repeat(served(1, 503))), []
    with pytest.raises(NotKept), throughout(script, []):
        done.append("something")
    assert done == []


def test_call_without_a_reply_is_a_miss(clock):
    with pytest.raises(NotKept), throughout(Turns(clock, repeat(served(1)), most=LOAD - 1), []):
        pass


def test_what_goes_wrong_within_is_what_is_told(clock):
    script = Turns(clock, repeat(served(1)))
    with pytest.raises(ZeroDivisionError), throughout(script, []):
        _ = 1 / 0


def test_sender_that_breaks_is_no_finding_about_the_mesh(clock):
    class Broken(Turns):
        def send(self, call, batch):  # noqa: ARG002 - a Sender's signature
            raise MeshproofError("gone", "look")

    with pytest.raises(MeshproofError, match="gone"), throughout(Broken(clock, ()), []):
        pass


@pytest.mark.parametrize("new", [True, False])
def test_calls_of_a_load_can_have_connections_of_their_own(clock, new):
    script = Turns(clock, repeat(served(1)))
    with Expect(clock=clock).throughout(script.call(), status(200), new_connections=new):
        script.after(2)
    assert {batch.new_connections for _, batch in script.batches} == {new}
