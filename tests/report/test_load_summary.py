"""Locust's summary, read as Locust 2.47 writes it."""

import json

import pytest

from meshproof.report.load import LOAD_PAGE, LOAD_SUMMARY, read_load


def entry(name, times, **fields):
    requests = sum(times.values())
    return {
        "name": name,
        "method": "GET",
        "last_request_timestamp": 110.0,
        "start_time": 100.0,
        "num_requests": requests,
        "num_none_requests": 0,
        "num_failures": 0,
        "total_response_time": 390.7,
        "max_response_time": 28.4,
        "min_response_time": 0.6,
        "total_content_length": 56274,
        "response_times": {str(time): count for time, count in times.items()},
        "num_reqs_per_sec": {"100": requests},
        "num_fail_per_sec": {},
    } | fields


def put(folder, entries):
    (folder / LOAD_SUMMARY).write_text(entries if isinstance(entries, str) else json.dumps(entries))


def test_lines_and_total(tmp_path):
    put(
        tmp_path,
        [
            entry("/productpage", {7: 1, 2: 50, 1: 49}),
            entry(
                "/login",
                {30: 10, 3: 90},
                num_failures=4,
                last_request_timestamp=120.0,
                max_response_time=31.0,
            ),
        ],
    )
    load, note = read_load(tmp_path)
    assert note is None
    assert (load.seconds, load.page) == (20.0, None)
    page, login = load.lines
    assert (page.name, page.requests, page.per_second) == ("GET /productpage", 100, 5.0)
    assert (page.p50, page.p95, page.p99) == (2, 2, 2)
    assert (login.p50, login.p95, login.p99, login.failures) == (3, 30, 30, 4)
    assert (load.total.requests, load.total.failures, load.total.p95, load.total.slowest) == (200, 4, 7, 31.0)


def test_locusts_page_is_linked_when_it_is_there(tmp_path):
    put(tmp_path, [entry("/", {1: 1})])
    (tmp_path / LOAD_PAGE).touch()
    assert read_load(tmp_path)[0].page == LOAD_PAGE


def test_no_load_run_is_no_note(tmp_path):
    assert read_load(tmp_path) == (None, None)


def test_requests_that_were_not_timed_have_no_percentiles(tmp_path):
    put(tmp_path, [entry("/", {}, num_requests=3, num_failures=3, last_request_timestamp=None)])
    load, _ = read_load(tmp_path)
    assert (load.total.p50, load.total.p99, load.total.per_second) == (None, None, 0.0)


@pytest.mark.parametrize(
    "content", ["", "[{]", "{}", "[]", '[{"name": "/"}]', '[{"name": 3, "num_requests": -1}]']
)
def test_a_broken_summary_is_said_and_costs_only_itself(tmp_path, content):
    put(tmp_path, content)
    load, note = read_load(tmp_path)
    assert load is None
    assert note.startswith("The load run is not shown: load.json")
