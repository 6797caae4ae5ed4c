"""An injected delay slows the calls of the matched user, and nobody else's."""

import pytest

from meshproof.checks import status

pytestmark = [
    pytest.mark.behaviour("RS-01", manifests="slow-for-jason.yaml"),
    pytest.mark.usefixtures("bookinfo"),
]

DELAY = 2.0
"""Seconds, as the manifest says."""


def test_delay_slows_the_matched_user_alone(probe, expect):
    jason = probe.get("http://ratings:9080/ratings/0", headers={"end-user": "jason"})
    alice = probe.get("http://ratings:9080/ratings/0", headers={"end-user": "alice"})
    # A service that the manifest does not touch: whoever is slowed by mistake is no floor. And none of the
    # shop's, which are slower when many call at the same time.
    floor = probe.get("http://probe-b:8080/")
    expect.takes(jason, least=DELAY, most=DELAY, floor=floor, check=status(200))
    expect.takes(alice, most=0, floor=floor, check=status(200))
