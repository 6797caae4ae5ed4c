from datetime import UTC, datetime, timedelta

import pytest

from meshproof.errors import MeshproofError
from meshproof.observe.jaeger import Jaeger, Span, Trace

PROXY = "/api/v1/namespaces/meshproof-observability/services/jaeger:16686/proxy"
TRACE = {
    "traceID": "t1",
    "processes": {"p1": {"serviceName": "a.demo"}, "p2": {"serviceName": "b.demo"}},
    "spans": [
        {
            "spanID": "s2",
            "processID": "p2",
            "operationName": "b:80/*",
            "references": [{"refType": "CHILD_OF", "traceID": "t1", "spanID": "s1"}],
            "startTime": 2_000_000,
            "duration": 500,
            "tags": [{"key": "http.status_code", "type": "int64", "value": 200}],
        },
        {
            "spanID": "s1",
            "processID": "p1",
            "operationName": "b:80/*",
            "references": [],
            "startTime": 1_000_000,
            "duration": 1500,
            "tags": [],
        },
    ],
}


def span(span_id, parent, service):
    return Span(span_id, parent, service, "op", datetime.fromtimestamp(0, UTC), timedelta(), {})


@pytest.fixture
def jaeger(api):
    return Jaeger.in_cluster(api)


def test_a_trace_has_its_spans_in_order_of_time(api_server, jaeger):
    api_server.answer(f"{PROXY}/api/traces/t1", {"data": [TRACE], "errors": None})
    trace = jaeger.trace("t1")
    assert trace.id == "t1"
    assert [found.id for found in trace.spans] == ["s1", "s2"]
    assert trace.spans[1] == Span(
        id="s2",
        parent="s1",
        service="b.demo",
        operation="b:80/*",
        start=datetime(1970, 1, 1, 0, 0, 2, tzinfo=UTC),
        duration=timedelta(microseconds=500),
        tags={"http.status_code": "200"},
    )


def test_an_unknown_trace_is_none(api_server, jaeger):
    api_server.answer(f"{PROXY}/api/traces/t9", {"data": None, "errors": [{"code": 404}]}, status=404)
    assert jaeger.trace("t9") is None


def test_traces_are_found_by_service_and_tags(api_server, jaeger):
    api_server.answer(f"{PROXY}/api/traces", {"data": [TRACE]})
    assert [trace.id for trace in jaeger.traces("a.demo", {"guid:x-request-id": "r"})] == ["t1"]
    assert api_server.asked[0][1] == {
        "service": "a.demo",
        "lookback": "1h",
        "limit": "20",
        "tags": '{"guid:x-request-id": "r"}',
    }


def test_services_of_an_empty_store_are_none(api_server, jaeger):
    api_server.answer(f"{PROXY}/api/services", {"data": None})
    assert jaeger.services() == frozenset()


def test_a_refused_query_shows_why(api_server, jaeger):
    api_server.answer(f"{PROXY}/api/traces", {"errors": [{"msg": "malformed 'tags'"}]}, status=400)
    with pytest.raises(MeshproofError, match="malformed 'tags'"):
        jaeger.traces("a.demo")


def test_calls_are_the_edges_between_services():
    trace = Trace("t", (span("1", None, "a"), span("2", "1", "a"), span("3", "2", "b"), span("4", "3", "b")))
    assert trace.calls == {("a", "b")}
    assert [root.id for root in trace.roots] == ["1"]


def test_a_trace_that_lost_its_link_has_two_roots_and_no_edge():
    trace = Trace("t", (span("1", None, "a"), span("2", "lost", "b")))
    assert trace.calls == frozenset()
    assert [root.id for root in trace.roots] == ["1", "2"]
