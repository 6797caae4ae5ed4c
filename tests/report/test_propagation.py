"""How long configuration took, over all manifests of a run."""

import pytest
import yaml

from meshproof.report.build import build_report
from meshproof.report.conformance import render_conformance
from meshproof.report.propagation import distribution
from meshproof.results import Propagation


def took(pushed=None, acknowledged=None, answered=None):
    return {
        "propagation": Propagation(pushed=pushed, acknowledged=acknowledged, answered=answered, proxies=1)
    }


def of_modules(run, modules):
    """Results whose tests lie in modules: name -> propagation of each of its tests."""
    results = run(*(("TM-01", "passed", details) for tests in modules.values() for details in tests))
    names = [f"{name}::test[{n}]" for name, tests in modules.items() for n in range(len(tests))]
    for record, name in zip(results.tests, names, strict=True):
        object.__setattr__(record, "test", name)
    return results


def test_the_tests_of_a_module_share_one_manifest_and_its_first_answer_counts(run, catalogue):
    results = of_modules(run, {"a.py": [took(0.1, 0.2, 9.0), took(0.1, 0.2, 0.5), took(0.1, 0.2)]})
    (change,) = build_report(results, catalogue=catalogue).changes
    assert (change.behaviour, change.module) == ("TM-01", "a.py")
    assert change.propagation == Propagation(pushed=0.1, acknowledged=0.2, answered=0.5, proxies=1)


def test_percentiles_are_values_that_were_measured(run, catalogue):
    modules = {f"{n:02d}.py": [took(pushed=float(n), answered=None)] for n in range(1, 21)}
    found = build_report(of_modules(run, modules), catalogue=catalogue).propagation
    assert (found.n, found.acknowledged, found.answered) == (20, None, None)
    assert (found.pushed.n, found.pushed.p50, found.pushed.p95, found.pushed.max) == (20, 10.0, 19.0, 20.0)


@pytest.mark.parametrize(
    ("values", "expected"),
    [([3.0], (3.0, 3.0, 3.0)), ([1.0, 2.0], (1.0, 2.0, 2.0)), ([0.0], (0.0, 0.0, 0.0))],
)
def test_few_values_have_percentiles_too(values, expected):
    found = distribution(values)
    assert (found.p50, found.p95, found.max) == expected


def test_without_any_manifest_there_is_nothing_to_tell(run, catalogue):
    report = build_report(run(("TM-01", "passed")), catalogue=catalogue)
    assert report.propagation is None
    assert "propagation" not in yaml.safe_load(render_conformance(report))


def test_the_conformance_report_sums_it_up_to_milliseconds(run, catalogue):
    results = of_modules(run, {"a.py": [took(0.12345, 0.2)], "b.py": [took(0.5)]})
    document = yaml.safe_load(render_conformance(build_report(results, catalogue=catalogue)))
    assert document["propagation"] == {
        "n": 2,
        "pushed": {"n": 2, "p50": 0.123, "p95": 0.5, "max": 0.5},
        "acknowledged": {"n": 1, "p50": 0.2, "p95": 0.2, "max": 0.2},
    }
