import json
import logging

import pytest

from productpage.json_log import JsonFormatter
from productpage.services import TRACE_HEADERS
from productpage.settings import ServedBy, Settings, SettingsError


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/productpage", 200),
        ("/health", 200),
        ("/static/style.css", 200),
        ("/nowhere", 404),
        ("/api/v1/products/7", 404),
        ("/login", 405),
    ],
)
def test_every_reply_says_who_answered(shop, path, status):
    reply = shop.get(path)
    assert reply.status_code == status
    assert reply.headers["x-served-by"] == "page-pod"
    assert reply.headers["x-served-workload"] == "productpage-v1"
    assert reply.headers["x-served-version"] == "v1"


def test_a_bug_is_signed_and_tells_no_internals(shop, backends):
    def bug(_):
        raise RuntimeError("secret")

    backends.failures["details"] = bug
    reply = shop.get("/productpage")
    assert reply.status_code == 500
    assert reply.headers["x-served-by"] == "page-pod"
    assert "secret" not in reply.text


def test_trace_headers_travel_to_every_service_and_others_do_not(shop, backends):
    sent = {name: f"value-of-{name}" for name in TRACE_HEADERS}
    shop.get("/productpage", headers=sent | {"authorization": "secret"})
    assert len(backends.requests) == 2
    for request in backends.requests:
        assert {name: request.headers.get(name) for name in TRACE_HEADERS} == sent
        assert "authorization" not in request.headers


def test_a_request_is_one_line_that_names_reader_and_request(shop, caplog):
    caplog.set_level(logging.INFO, logger="productpage")
    shop.get("/productpage", headers={"x-request-id": "r-1", "end-user": "jason"})
    (record,) = caplog.records
    line = json.loads(JsonFormatter(ServedBy("page-pod", "productpage-v1", "v1")).format(record))
    assert line["time"].endswith("Z")
    assert isinstance(line["seconds"], float)
    assert {key: line[key] for key in line if key not in ("time", "seconds")} == {
        "level": "info",
        "service": "productpage",
        "version": "v1",
        "pod": "page-pod",
        "message": "request",
        "method": "GET",
        "path": "/productpage",
        "status": 200,
        "request_id": "r-1",
        "end_user": "jason",
    }


def test_probes_leave_no_line(shop, caplog):
    caplog.set_level(logging.INFO, logger="productpage")
    shop.get("/health")
    assert caplog.records == []


def test_an_empty_environment_gives_version_one():
    settings = Settings.from_env({})
    assert settings.served_by.workload == "productpage-v1"
    assert (settings.port, settings.reviews.url) == (9080, "http://reviews:9080")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("DETAILS_TIMEOUT", value) for value in ("soon", "0", "-1", "inf", "nan")),
        *(("PORT", value) for value in ("http", "-1", "70000")),
        *(("REVIEWS_URL", value) for value in ("reviews", "ftp://reviews", "http://reviews/x")),
    ],
)
def test_a_value_that_cannot_be_used_is_named(name, value):
    with pytest.raises(SettingsError, match=f"^{name}: .* not '{value}'$"):
        Settings.from_env({name: value})
