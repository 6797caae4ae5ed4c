"""No more than the allowed share of the backends is taken out at a time.

Of three backends two fail every call. What tells how many are out is how many of them still serve.
"""

from collections import Counter

import pytest

from meshproof.checks import Check, served_by, status

pytestmark = pytest.mark.behaviour("RS-09", manifests="some-stay-in.yaml", long=True)

BOTH = "backend-v1,backend-v2"

OK, ENOUGH = 200, 40
"""So many good replies in a row are luck in none of 10^12 tries if every other call meets a bad backend."""


def serving(number):
    """Return what judges a group of calls: so many backends served it, and each half its fair share."""

    def judge(replies):
        counts = Counter(reply.workload for reply in replies)
        if len(counts) == number and 2 * number * min(counts.values()) >= len(replies):
            return None
        return f"{len(counts)} backends served" + (", one of them hardly" if len(counts) == number else "")

    return judge


def still_failing():
    """Return the check, for one expectation, that a bad backend still has its part of the calls."""
    good = 0

    def judge(reply):
        nonlocal good
        good = good + 1 if reply.status == OK else 0
        return None if good < ENOUGH else f"{ENOUGH} good replies in a row"

    return Check(f"fewer than {ENOUGH} good replies in a row", judge)


@pytest.fixture
def failing(probe):
    """Return what makes a call that these backends fail, if it comes to them."""
    return lambda path, backends: probe.get(f"http://backend:8080{path}?status=500&only={backends}")


def test_no_more_than_the_allowed_share_is_taken_out(expect, failing):
    call = failing("/third", BOTH)
    expect.group(call, serving(2), expected="one of two bad backends still serves")
    # The second to be taken out was seen to go a second or two after the first, where it may.
    expect.always(call, still_failing())


def test_without_that_limit_all_that_fail_are_taken_out(expect, failing):
    expect.converged(failing("/all", BOTH), status(200) & served_by("backend-v3"))


def test_all_serve_again_when_too_few_are_left(expect, failing):
    # One of three out is allowed, and shows that it is taken out. With two out it comes back at once.
    expect.group(failing("/half", "backend-v1"), serving(2), expected="one bad backend is out")
    expect.group(failing("/half", BOTH), serving(3), expected="all backends serve")
