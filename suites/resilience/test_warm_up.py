"""A new backend gets its share of the calls little by little.

New is a pod that has just begun: one that left its Service and came back was seen to get its share at once.
"""

import pytest

from meshproof.checks import status

pytestmark = pytest.mark.behaviour("RS-10", manifests="warm-up.yaml", long=True)

CALLS, FEW, MANY = 120, 21, 36
"""Of so many calls one of three backends gets 40. FEW are no full share, but for 1 sample in 10,000."""


def few_at_first(workload):
    """Return what judges groups of calls: those to a workload among the CALLS that begin with its first."""
    since = []

    def judge(replies):
        for reply in replies:
            if len(since) < CALLS and (since or reply.workload == workload):
                since.append(reply.workload)
        if len(since) < CALLS:
            return "too few calls since its first"
        count = since.count(workload)
        return None if count <= FEW else f"{count} of its first {CALLS}"

    return judge


def many(workload):
    """Return what judges a group of calls: those to a workload."""

    def judge(replies):
        count = sum(reply.workload == workload for reply in replies)
        return None if count / len(replies) >= MANY / CALLS else f"fewer than {MANY} of {CALLS}"

    return judge


def test_new_pod_gets_few_calls_at_first_and_its_third_later(probe, expect, endpoints):
    call = probe.get("http://backend:8080/")
    expect.converged(call, status(200))
    endpoints.replace("backend-v1")
    expect.group(call, few_at_first("backend-v1"), expected=f"{FEW} calls or fewer of its first {CALLS}")
    expect.group(call, many("backend-v1"), expected=f"{MANY} calls or more of {CALLS}")
