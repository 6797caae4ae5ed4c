import pytest

from meshproof.diagnose.hop import misses, parse, row
from meshproof.traffic.call import Call


def call(source="probe-a", url="http://reviews:9080/reviews/0", headers=(), method="GET", **more):
    return str(Call(source, method, url, tuple(headers), "", 5.0, None, **more))


def test_evidence_says_who_called_whom():
    hop = parse(call(headers=[("End-User", "jason"), ("x-a", "b: c")]))
    assert (hop.source, hop.method, hop.host, hop.port, hop.path) == (
        "probe-a",
        "GET",
        "reviews",
        9080,
        "/reviews/0",
    )
    assert hop.headers == (("end-user", "jason"), ("x-a", "b: c"))
    assert hop.callee == "reviews"
    assert not hop.outside


def test_host_header_is_what_a_gateway_routes_by():
    hop = parse(call("outside", "http://localhost:8081/productpage?u=x", [("host", "bookinfo.example:80")]))
    assert hop.outside
    assert (hop.authority, hop.callee, hop.path) == (
        "bookinfo.example",
        "bookinfo.example",
        "/productpage?u=x",
    )
    assert hop.headers == ()


def test_curl_in_a_container_is_that_containers_app():
    assert parse(call("curl in ratings", "http://productpage:9080/productpage")).source == "ratings"


def test_port_follows_from_the_scheme_when_none_is_named():
    assert parse(call(url="http://reviews/")).port == 80
    assert parse(call(url="https://reviews/")).port == 443


@pytest.mark.parametrize("text", ["istio_requests_total with response_code 418", "", "a -> GET http://x:y/"])
def test_what_is_no_call_has_no_hop(text):
    assert parse(text) is None


def test_rows_of_evidence_are_found_by_their_word():
    lines = ("  call      probe-a -> GET http://x/", "  last      status 503")
    assert row(lines, "last") == "status 503"
    assert row(lines, "seen") == ""


def test_what_was_missed_at_last_and_most_often_counts():
    lines = ("  last      status 503 (no, no)", "  seen      20x status 503 (no, no), 13x status 403")
    assert misses(lines) == ("status 503 (no, no)", "20x status 503 (no, no)")


def test_last_call_that_was_as_expected_is_no_miss():
    lines = ("  last      as expected: status 200", "  seen      5x served by reviews-v3-…, 1x status 403")
    assert misses(lines) == ("5x served by reviews-v3-…",)
    assert misses(()) == ()
