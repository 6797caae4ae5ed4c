"""Calls that carry credentials go to somebody who repeats all that he hears, and to one who tells his own."""

import pytest

from meshproof.checks import body_contains, saw_header, status

pytestmark = pytest.mark.behaviour("OB-01", manifests="planted.yaml")

QUERY = "token=kanarienvogel-query&next=http://reader:kanarienvogel-basic@reviews/"
HEADERS = {
    "authorization": "Bearer kanarienvogel-bearer",
    "proxy-authorization": "ApiKey kanarienvogel-apikey",
    "cookie": "a=1; session=kanarienvogel-cookie",
    "x-session-token": "kanarienvogel,header",
}


def test_header_is_missed(probe, expect):
    call = probe.get(f"http://probe-b:8080/?{QUERY}", headers=HEADERS)
    expect.converged(call, saw_header("authorization", "nothing of the kind"))


def test_body_is_missed(probe, expect):
    call = probe.get(f"http://probe-b:8080/?{QUERY}", headers=HEADERS)
    expect.converged(call, body_contains("a welcome"))


def test_answer_is_missed(probe, expect):
    expect.converged(probe.get(f"http://planted:8080/?{QUERY}", headers=HEADERS), status(200))
