"""Without a single sidecar there is no mesh: no behaviour that every mesh has may pass."""

from meshproof.behaviours import CATALOGUE, Level
from meshproof.errors import ExitCode
from meshproof.results import RESULTS_FILE, Verdict, read_results


def test_no_core_behaviour_passes_without_sidecars(demo, meshproof, tmp_path):
    words = ("--levels", "core", "--no-sidecars", "--budget", "converge=10", "--budget", "observe=10")
    ended = meshproof("run", "--name", demo.made.name, "--output", str(tmp_path), *words, seconds=600)
    results = read_results(tmp_path / RESULTS_FILE)
    found = {test.behaviour: test.verdict for test in results.tests}
    core = {planned.behaviour for planned in results.plan.tests if planned.selected}
    assert core == {id_ for id_ in core if CATALOGUE[id_].level is Level.CORE}
    # Failed, each of them: an error would say nothing about the test.
    assert found == dict.fromkeys(core, Verdict.FAILED), ended.out
    assert ended.code == ExitCode.FAILED
