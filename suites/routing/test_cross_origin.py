"""Browsers of an allowed origin may call, and those of any other may not."""

import pytest

from meshproof.checks import header, served_by, status

pytestmark = pytest.mark.behaviour(
    "TM-13", manifests=("cross-origin.istio.yaml", "cross-origin.gateway-api.yaml")
)

URL = "http://backend-v1:8080/"
FRIEND, STRANGER = "https://friend.example", "https://stranger.example"

ALLOWED = header("access-control-allow-origin", FRIEND)
NOT_ALLOWED = header("access-control-allow-origin", None)
"""A browser lets nobody call who is not named in this header."""


def preflight(origin):
    """What a browser asks before it sends a PUT with a header of its own."""
    return {
        "origin": origin,
        "access-control-request-method": "PUT",
        "access-control-request-headers": "x-reader",
    }


def test_preflight_of_an_allowed_origin_names_what_it_may_do(probe, expect):
    may = header("access-control-allow-methods", "GET,PUT") & header(
        "access-control-allow-headers", "x-reader"
    )
    kept = header("access-control-max-age", "600")
    expect.converged(
        probe.call("OPTIONS", URL, headers=preflight(FRIEND)), status(200) & ALLOWED & may & kept
    )


def test_preflight_of_any_other_origin_names_nothing(probe, expect):
    expect.converged(probe.call("OPTIONS", URL, headers=preflight(STRANGER)), status(200) & NOT_ALLOWED)


def test_reply_may_be_read_by_the_allowed_origin_alone(probe, expect):
    answered = status(200) & served_by("backend-v1")
    expect.converged(probe.get(URL, headers={"origin": FRIEND}), answered & ALLOWED)
    expect.converged(probe.get(URL, headers={"origin": STRANGER}), answered & NOT_ALLOWED)
