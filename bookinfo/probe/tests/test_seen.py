"""The log of calls by key: it counts, and it forgets before it grows."""

import time

from probe.seen import MOST_MOMENTS, Seen


def test_calls_are_numbered_and_timed_by_key():
    seen, before = Seen(), time.time()
    assert [seen.arrived("a"), seen.arrived("b"), seen.arrived("a")] == [1, 1, 2]
    calls = seen.calls("a")
    assert calls.count == 2
    assert before <= calls.at[0] <= calls.at[1] <= time.time()


def test_key_that_never_came_has_no_calls():
    seen = Seen()
    assert (seen.calls("a").count, list(seen.calls("a").at)) == (0, [])
    assert seen.arrived("a") == 1


def test_what_was_given_out_does_not_change():
    seen = Seen()
    seen.arrived("a")
    calls = seen.calls("a")
    seen.arrived("a")
    assert (calls.count, len(calls.at)) == (1, 1)


def test_count_goes_on_when_times_are_dropped():
    seen = Seen()
    for _ in range(MOST_MOMENTS + 5):
        seen.arrived("a")
    calls = seen.calls("a")
    assert (calls.count, len(calls.at)) == (MOST_MOMENTS + 5, MOST_MOMENTS)


def test_key_called_least_recently_is_forgotten_first():
    seen = Seen(most_keys=2)
    for key in ("a", "b", "a", "c"):
        seen.arrived(key)
    assert [seen.calls(key).count for key in "abc"] == [2, 0, 1]


def test_times_of_all_keys_are_bounded():
    seen = Seen(most_moments=10)
    for key in "abc":
        for _ in range(5):
            seen.arrived(key)
    assert [seen.calls(key).count for key in "abc"] == [0, 5, 5]
