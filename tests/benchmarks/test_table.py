"""What the bench says of its figures."""

from benchmarks.table import GB, MB, PROBE_CALLS, PROBE_MEMORY, WAITED, exceeded, table


def test_a_row_has_median_extremes_and_bound():
    assert f"| {PROBE_CALLS} | 3.0 s | 2.0 s | 7.5 s | 3 | 8 s |" in table({PROBE_CALLS: [2.0, 7.5, 3.0]})


def test_memory_is_shown_in_the_unit_that_suits_it():
    rows = table({"memory of the demo, idle": [2.1 * GB], PROBE_MEMORY: [41.2 * MB]})
    assert "| 2.10 GB |" in rows
    assert "| 41 MB |" in rows


def test_share_is_shown_as_percents():
    assert f"| {WAITED} | 4.1 % | 4.1 % | 4.1 % | 1 | 10 % |" in table({WAITED: [0.041]})
    assert exceeded({WAITED: [0.101]}) == [f"{WAITED}: 10.1 %, wanted at most 10 %"]


def test_the_worst_value_must_keep_the_bound():
    assert exceeded({PROBE_CALLS: [2.0, 8.0], "install istiod": [900.0]}) == []
    assert exceeded({PROBE_CALLS: [2.0, 8.1]}) == [f"{PROBE_CALLS}: 8.1 s, wanted at most 8 s"]
