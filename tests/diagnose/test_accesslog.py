import json

from meshproof.diagnose.accesslog import Entry, counted, parse

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
