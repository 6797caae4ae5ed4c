"""Suites against a scripted mesh: what a good one must not fail for, and what a broken one must."""

import importlib.util
from collections import Counter
from itertools import cycle
from types import SimpleNamespace

import pytest
from scripted import RESET

from meshproof.paths import paths
from meshproof.traffic import Answer, Call, Expect, Missed, Reply

RUN = SimpleNamespace(id="r1", namespace="shop")


def suite(path):
    """Return a module of the suites."""
    spec = importlib.util.spec_from_file_location("suite_in_trouble", paths().house / "suites" / path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Mesh:
    """Makes calls, and answers each with what a function of the call says."""

    def __init__(self, clock, answer):
        self.clock, self.answer = clock, answer

    def get(self, url, headers=None):
        return Call("probe-a", "GET", url, tuple((headers or {}).items()), "", 5.0, self)

    def send(self, call, batch):
        self.clock.time += 0.01
        return Answer(tuple(self.answer(call) for _ in range(batch.count)))


def slow_for(clock, names, of_alice):
    """A mesh that slows jason, and alice as the iterator says."""

    def answer(call):
        who = dict(call.headers).get("end-user")
        slow = who in names or (who == "alice" and next(of_alice))
        return Reply(200, seconds=2.01 if slow else 0.01)

    return Mesh(clock, answer)


def test_delay_of_the_matched_user_alone_passes(clock):
    module = suite("resilience/test_slow_for_jason.py")
    module.test_delay_slows_the_matched_user_alone(
        slow_for(clock, {"jason"}, cycle([False])), Expect(clock=clock)
    )


@pytest.mark.parametrize("of_alice", [[True], [True, False], [False] * 60 + [True]])
def test_delay_that_slows_others_as_well_fails_and_is_no_error(clock, of_alice):
    module = suite("resilience/test_slow_for_jason.py")
    with pytest.raises(Missed, match=r"end-user: alice"):
        module.test_delay_slows_the_matched_user_alone(
            slow_for(clock, {"jason"}, cycle(of_alice)), Expect(clock=clock)
        )


def test_call_that_was_reset_and_counted_by_nobody_does_not_fail_the_count(clock):
    module = suite("observability/test_request_count.py")
    counted = Counter()
    resets = iter([False] * 7 + [True])

    def answer(call):
        if "status=" not in call.url:
            return Reply(200, {"x-route": "counted"})
        if next(resets, False):
            return RESET
        counted["calls"] += 1
        return Reply(module.COUNTED)

    def samples(*_, **__):
        labels = module.labels_of_edge(RUN.namespace)
        return [
            SimpleNamespace(
                labels={**labels, "reporter": reporter, "connection_security_policy": policy},
                value=counted["calls"],
            )
            for reporter, policy in module.SECURITY.items()
        ]

    module.test_both_ends_count_every_call_with_right_labels(
        lambda _: Mesh(clock, answer), Expect(clock=clock), SimpleNamespace(samples=samples), RUN
    )
    assert next(resets, None) is None


def test_page_that_is_viewed_again_is_another_trace(clock):
    module = suite("observability/test_one_trace.py")
    roots = Counter()

    def answer(call):
        trace_id = dict(call.headers).get("x-b3-traceid")
        if trace_id is None:
            return Reply(200, {"x-route": "traced"})
        roots[trace_id] += 1
        return Reply(200, body="<title>Simple Bookstore App</title>") if len(roots) == 3 else Reply(503)

    def trace(trace_id):
        return SimpleNamespace(calls=module.calls_of_page(RUN), roots=range(roots[trace_id]))

    module.test_page_view_is_one_trace_that_follows_the_calls(
        Mesh(clock, answer), Expect(clock=clock), SimpleNamespace(trace=trace), RUN
    )
    assert list(roots.values()) == [1, 1, 1]
