import pytest

from meshproof.diagnose.hop import Hop
from meshproof.diagnose.matching import chosen, host_of, matches
from meshproof.observe.envoy import Route, VirtualHost

HOP = Hop("probe-a", "GET", "reviews", "reviews", 9080, "/reviews/0?page=2", (("end-user", "jason"),))


def header(**match):
    return {"prefix": "/", "headers": [{"name": "end-user", **match}]}


@pytest.mark.parametrize(
    ("match", "taken"),
    [
        ({"prefix": "/"}, True),
        ({"prefix": "/other"}, False),
        ({"path": "/reviews/0"}, True),
        ({"path": "/reviews"}, False),
        ({"path": "/REVIEWS/0", "case_sensitive": False}, True),
        ({"path_separated_prefix": "/reviews"}, True),
        ({"path_separated_prefix": "/rev"}, False),
        ({"safe_regex": {"regex": "/rev.*"}}, True),
        ({"safe_regex": {"regex": "/rev"}}, False),
        (header(string_match={"exact": "jason"}), True),
        (header(string_match={"exact": "alice"}), False),
        (header(string_match={"exact": "JASON", "ignore_case": True}), True),
        (header(string_match={"prefix": "ja"}), True),
        (header(string_match={"suffix": "on"}), True),
        (header(string_match={"contains": "aso"}), True),
        (header(string_match={"safe_regex": {"regex": "j.*"}}), True),
        (header(string_match={"exact": "jason"}, invert_match=True), False),
        (header(present_match=True), True),
        (header(present_match=True, invert_match=True), False),
        ({"prefix": "/", "headers": [{"name": "x-no", "present_match": True}]}, False),
        ({"prefix": "/", "headers": [{"name": "x-no", "string_match": {"exact": "a"}}]}, False),
        ({"prefix": "/", "headers": [{"name": ":method", "string_match": {"exact": "GET"}}]}, True),
        ({"prefix": "/", "query_parameters": [{"name": "page", "string_match": {"exact": "2"}}]}, True),
        ({"prefix": "/", "query_parameters": [{"name": "page", "string_match": {"exact": "3"}}]}, False),
    ],
)
def test_route_takes_a_call_as_envoy_decides(match, taken):
    assert matches(Route(match, ()), HOP) is taken


@pytest.mark.parametrize(
    "match", [{"connect_matcher": {}}, header(range_match={}), {"safe_regex": {"regex": r"/\pN+"}}]
)
def test_what_is_not_judged_is_not_guessed(match):
    with pytest.raises(LookupError):
        matches(Route(match, ()), HOP)


def test_first_route_that_matches_is_taken():
    routes = (Route({"prefix": "/x"}, ("x",)), Route({"prefix": "/"}, ("y",)), Route({"prefix": "/"}, ("z",)))
    assert chosen(VirtualHost("9080", ("reviews",), routes), HOP).clusters == ("y",)
    assert chosen(VirtualHost("9080", ("reviews",), routes[:1]), HOP) is None


def test_host_is_found_by_name_before_pattern_before_any():
    any_host = VirtualHost("9080", ("*",), ())
    pattern = VirtualHost("9080", ("*.example",), ())
    named = VirtualHost("9080", ("reviews", "reviews.bookinfo"), ())
    assert host_of((any_host, pattern, named), HOP) is named
    assert host_of((any_host, pattern), HOP) is any_host
    assert host_of((pattern,), HOP) is None
