"""Without a single sidecar there is no mesh: no behaviour that every mesh has may pass."""

from collections import defaultdict

import pytest

from meshproof.behaviours import CATALOGUE, Level
from meshproof.errors import ExitCode
from meshproof.results import RESULTS_FILE, Verdict, read_results, verdict_of

pytestmark = pytest.mark.alone

# There is no configuration to wait for: what does not hold at once will not.
BUDGETS = ("--budget", "converge=3", "--budget", "observe=6", "--budget", "hold=2")


def test_no_core_behaviour_passes_without_sidecars(demo, meshproof, tmp_path):
    words = ("--levels", "core", "--no-sidecars", "--workers", "2", *BUDGETS)
    ended = meshproof("run", "--name", demo.made.name, "--output", str(tmp_path), *words, seconds=1200)
    results = read_results(tmp_path / RESULTS_FILE)
    core = {planned.behaviour for planned in results.plan.tests if planned.selected}
    assert core == {id_ for id_ in core if CATALOGUE[id_].level is Level.CORE}
    tests = defaultdict(list)
    for test in results.tests:
        tests[test.behaviour].append(test)
    # Failed, each of them: that a test could not be run would say nothing about it.
    assert {id_: verdict_of(tests[id_]) for id_ in core} == dict.fromkeys(core, Verdict.FAILED), ended.out
    assert ended.code == ExitCode.FAILED
