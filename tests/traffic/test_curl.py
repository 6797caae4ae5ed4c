"""A batch as a command of curl, and the replies in what it prints."""

import pytest

from meshproof.errors import MeshproofError
from meshproof.traffic import Batch, Call, FailureKind
from meshproof.traffic.curl import curl_command, replies_of

BETWEEN = "--between--"


def call(url):
    return Call("curl in ratings", "GET", url, (), "", 5.0, None)


def printed(body, headers='{"server":["envoy"]}', **measured):
    told = {"time_total": "0.25", "exitcode": "0", "http_code": "200", "errormsg": "null", **measured}
    fields = ",".join(f'"{name}":{value}' for name, value in told.items())
    return f"{body}{BETWEEN}{{{fields}}}{BETWEEN}{headers}{BETWEEN}"


def test_one_command_makes_all_calls_within_the_deadline():
    command = curl_command(call("reviews:9080/health"), Batch(20, 4, 12.5, new_connections=True), BETWEEN)
    assert command[:2] == ["timeout", "12.5"]
    assert command[-1] == "reviews:9080/health#[1-20]"
    assert "connection: close" in command
    kept = curl_command(call("reviews:9080/health"), Batch(20, 4, 12.5), BETWEEN)
    assert "connection: close" not in kept


def test_replies_have_status_headers_body_and_time():
    first, second = replies_of(
        printed("<title>Shop</title>\n") + printed("", '{"X-Served-Workload":["a","b"]}', http_code="503"),
        BETWEEN,
        1000,
    )
    assert (first.status, first.body, first.seconds) == (200, "<title>Shop</title>\n", 0.25)
    assert first.headers == {"server": "envoy"}
    assert (second.status, second.workload, second.body) == (503, "a, b", "")


def test_body_is_cut_to_its_limit():
    (reply,) = replies_of(printed("abcé"), BETWEEN, 4)
    assert reply.body == "abc"


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (6, FailureKind.DNS),
        (7, FailureKind.REFUSED),
        (28, FailureKind.TIMEOUT),
        (35, FailureKind.TLS),
        (52, FailureKind.CLOSED),
        (56, FailureKind.RESET),
        (3, FailureKind.OTHER),
    ],
)
def test_failure_is_named_as_curl_names_it(code, kind):
    (reply,) = replies_of(
        printed("", "{}", exitcode=code, http_code="0", errormsg='"no such luck"'), BETWEEN, 1000
    )
    assert (reply.status, reply.failure.kind, str(reply.failure)) == (None, kind, "no such luck")


def test_call_that_was_cut_short_is_left_out():
    whole = printed("page")
    for cut in ("half a pa", f"page{BETWEEN}{{", f"page{BETWEEN}{{}}{BETWEEN}{{"):
        assert len(replies_of(whole + cut, BETWEEN, 1000)) == 1
    assert replies_of("", BETWEEN, 1000) == ()


def test_output_that_is_not_curls_is_an_error_of_the_environment():
    with pytest.raises(MeshproofError, match="curl did not run in the container: sh: curl: not found"):
        replies_of("sh: curl: not found", BETWEEN, 1000)
