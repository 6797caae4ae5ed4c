import json
import time

import pytest

from meshproof.errors import MeshproofError
from meshproof.observe.access_log import AccessLog, Entry, counted, flagged, parse

CLUSTER = "outbound|9080||reviews.bookinfo.svc.cluster.local"
ADDRESSES = "10.244.0.9:58520 10.96.149.28:9080 10.244.0.9:39830"
SERVED = (
    '[2026-11-21T13:52:01.381Z] "GET /reviews/0 HTTP/1.1" 200 - via_upstream - "-" 0 483 71 71 "-" '
    f'"probe" "b53a0b1e" "reviews:9080" "10.244.0.6:9080" {CLUSTER} {ADDRESSES} - default'
)
RESET = (
    '[2026-11-21T13:52:02.000Z] "GET /reviews/0 HTTP/1.1" 503 UF,URX '
    'upstream_reset_before_response_started{x} - "TLS_error:|268435703:SSL routines" 0 95 1 - "-" '
    f'"probe" "b53a0b1e" "reviews:9080" "10.244.0.6:9080" {CLUSTER} {ADDRESSES} - default'
)
JSON = json.dumps(
    {
        "response_code": 403,
        "response_flags": "-",
        "response_code_details": "rbac_access_denied_matched_policy[none]",
        "method": "GET",
        "path": "/",
        "protocol": "HTTP/1.1",
        "authority": "reviews:9080",
        "upstream_cluster": "inbound|9080||",
        "upstream_host": None,
    }
)


def test_lines_of_istios_own_format_become_entries():
    log = f"2026-11-21T13:51:55Z\tinfo\tEnvoy proxy is ready\n{SERVED}\n{RESET}"
    served, reset = parse("probe-a-1", log)
    assert (served.status, served.flags, served.authority) == (200, "-", "reviews:9080")
    assert served.upstream == "10.244.0.6:9080"
    assert (reset.status, reset.flags) == (503, "UF,URX")
    assert reset.transport.startswith("TLS_error")


def test_lines_of_json_become_entries():
    (entry,) = parse("p", f"{JSON}\n{{no json\n{{}}\n")
    assert entry.status == 403
    assert entry.details == "rbac_access_denied_matched_policy[none]"
    assert entry.upstream == "-"


def test_equal_entries_are_counted_and_their_flags_explained():
    entries = parse("p", f"{SERVED}\n{RESET}\n{RESET}")
    first, second = counted(entries)
    assert first.startswith("2x p: status 503  flags UF,URX (no connection to the called side, the retries")
    assert "TLS_error" in first
    assert second.startswith("1x p: status 200  via_upstream")


def test_flag_that_nobody_knows_is_shown_as_it_is():
    entry = Entry("p", 500, "XX", "-", "-", "GET / HTTP/1.1", "a", "c", "u")
    assert entry.words().startswith("p: status 500  flags XX  GET /")


SELECTOR = "meshproof.dev/workload=probe-a"
PODS = "/api/v1/namespaces/shop/pods"


def pods(*names):
    return {"kind": "PodList", "apiVersion": "v1", "items": [{"metadata": {"name": name}} for name in names]}


@pytest.fixture
def log(api):
    return AccessLog(api, "shop", SELECTOR, time.monotonic() - 30)


def test_calls_with_a_word_are_read_from_every_pods_proxy(api_server, log):
    api_server.answer(PODS, pods("probe-a-2", "probe-a-1"))
    api_server.answer(f"{PODS}/probe-a-1/log", f"{SERVED}\n{RESET}\n")
    api_server.answer(f"{PODS}/probe-a-2/log", f"{SERVED.replace('/reviews/0', '/word')}\n")
    assert [(entry.pod, entry.request) for entry in log.of("/word")] == [("probe-a-2", "GET /word HTTP/1.1")]
    assert [entry.pod for entry in log.of("GET")] == ["probe-a-1", "probe-a-1", "probe-a-2"]
    (_, listed), (_, read), *_ = api_server.asked
    assert listed["labelSelector"] == SELECTOR
    assert read["container"] == "istio-proxy"
    assert 30 <= int(read["sinceSeconds"]) <= 40


def test_log_of_nobody_is_no_empty_log(api_server, log):
    api_server.answer(PODS, pods())
    with pytest.raises(MeshproofError, match=f"no pod with the label {SELECTOR} runs in shop"):
        log.of("word")


def test_log_that_may_not_be_read_names_the_right(api_server, log):
    api_server.answer(PODS, pods("probe-a-1"))
    api_server.answer(f"{PODS}/probe-a-1/log", {"kind": "Status", "message": "no"}, status=403)
    with pytest.raises(MeshproofError, match="cannot be read") as error:
        log.of("word")
    assert "get pods/log" in error.value.next_step


def test_flag_is_counted_alone_and_among_others():
    entries = parse("p", f"{RESET}\n{RESET}\n{SERVED}")
    assert flagged("URX", least=2)(entries) is None
    assert flagged("UF", least=1)(entries) is None
    assert flagged("UF", least=3)(entries) == "2 of 3 calls logged with UF, 1 with -"
    assert flagged("U", least=1)(()) == "0 of 1 calls logged with U"
