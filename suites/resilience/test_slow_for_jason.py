"""An injected delay slows the calls of the matched user, and nobody else's."""

import pytest

from meshproof.checks import faster_than, slower_than, status

pytestmark = pytest.mark.behaviour("RS-01", manifests="slow-for-jason.yaml")

DELAY = 1.0
"""Seconds, as the manifest says."""

SLACK = 0.2 * DELAY
"""How far a call may be off: a proxy's timer is exact, a busy machine is not."""


def test_delay_slows_the_matched_user_alone(probe, expect, floor):
    jason = probe.get("http://ratings:9080/ratings/0", headers={"end-user": "jason"})
    alice = probe.get("http://ratings:9080/ratings/0", headers={"end-user": "alice"})
    path = floor(alice)
    late = path + DELAY
    expect.converged(jason, status(200) & slower_than(late - SLACK) & faster_than(late + SLACK))
    expect.converged(alice, status(200) & faster_than(path + SLACK))
