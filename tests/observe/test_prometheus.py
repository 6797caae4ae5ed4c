import pytest

from meshproof.errors import ExitCode, MeshproofError
from meshproof.observe.prometheus import Prometheus, Sample, Target, selector

PROXY = "/api/v1/namespaces/meshproof-observability/services/prometheus:9090/proxy"
QUERY = f"{PROXY}/api/v1/query"


def result(kind, value):
    return {"status": "success", "data": {"resultType": kind, "result": value}}


@pytest.fixture
def prometheus(api):
    return Prometheus.in_cluster(api)


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        pytest.param({}, "up{}", id="no-labels"),
        pytest.param({"job": "a", "pod": "b"}, 'up{job="a",pod="b"}', id="two-labels"),
        pytest.param({"x": 'say "\\"\n'}, r'up{x="say \"\\\"\n"}', id="value-that-needs-escapes"),
    ],
)
def test_selector_names_series_by_their_labels(labels, expected):
    assert selector("up", labels) == expected


def test_samples_carry_labels_and_value(api_server, prometheus):
    series = {"metric": {"__name__": "istio_requests_total", "reporter": "source"}, "value": [1.5, "42"]}
    api_server.answer(QUERY, result("vector", [series]))
    found = prometheus.samples("istio_requests_total", reporter="source")
    assert found == (Sample({"__name__": "istio_requests_total", "reporter": "source"}, 42.0),)
    assert api_server.asked == [(QUERY, {"query": 'istio_requests_total{reporter="source"}'})]


def test_a_scalar_is_one_sample_without_labels(api_server, prometheus):
    api_server.answer(QUERY, result("scalar", [1.5, "7"]))
    assert prometheus.query("7") == (Sample({}, 7.0),)


def test_total_sums_every_series(api_server, prometheus):
    api_server.answer(QUERY, result("vector", [{"metric": {}, "value": [0, n]} for n in ("1", "2.5")]))
    assert prometheus.total("up") == 3.5


def test_total_of_nothing_is_zero(api_server, prometheus):
    api_server.answer(QUERY, result("vector", []))
    assert prometheus.total("up") == 0


def test_a_range_is_refused_as_the_callers_mistake(api_server, prometheus):
    api_server.answer(QUERY, result("matrix", []))
    with pytest.raises(MeshproofError, match="not an instant vector") as caught:
        prometheus.query("up[5m]")
    assert caught.value.exit_code == ExitCode.USAGE


def test_a_refused_expression_shows_why(api_server, prometheus):
    api_server.answer(QUERY, {"status": "error", "error": "parse error: unexpected }"}, status=400)
    with pytest.raises(MeshproofError, match="parse error: unexpected }") as caught:
        prometheus.query("up}")
    assert caught.value.exit_code == ExitCode.USAGE


def test_targets_say_which_scrape_fails_and_why(api_server, prometheus):
    scraped = [
        {"labels": {"job": "istiod", "namespace": "m", "pod": "i"}, "health": "up", "lastError": ""},
        {"labels": {"job": "self"}, "health": "down", "lastError": "refused"},
    ]
    api_server.answer(f"{PROXY}/api/v1/targets", {"status": "success", "data": {"activeTargets": scraped}})
    assert prometheus.targets() == (
        Target("istiod", "m", "i", healthy=True, error=""),
        Target("self", "", "", healthy=False, error="refused"),
    )
