"""When a failure is looked at, when not, and what becomes of it in the results and on the terminal."""

import pytest

MODULE = """
import pytest
from meshproof.errors import MeshproofError
from meshproof.plugin.diagnostics import SCENE
from meshproof.plugin.record import EVIDENCE
from meshproof.traffic import Evidence, Missed

pytestmark = pytest.mark.behaviour("TM-01")


class Scene:
    namespace = "shop"
    looks = 0

    def labels(self): return {}
    def pods(self):
        Scene.looks += 1
        with open("looks.txt", "a") as looks:
            print("looked", file=looks)
        return ()
    def services(self): return ()
    def events(self): return ()
    def objects(self, kind): return ()
    def log(self, pod, container, since): return ""


@pytest.fixture(scope="session", autouse=True)
def scene(request):
    request.config.stash[SCENE] = Scene()


@pytest.fixture
def missed(request):
    call = "probe-a -> GET http://nobody:9080/"
    evidence = Evidence("converged", False, call, "status 200", 20, 1.0, "no address")
    request.node.stash.setdefault(EVIDENCE, []).append(evidence)
    def miss():
        raise Missed("not converged within 30 s", evidence)
    return miss


@pytest.fixture
def broken(): raise MeshproofError("istiod does not answer", "look at its log")


def test_passes(): pass
def test_misses(missed): missed()
def test_misses_too(missed): missed()
def test_breaks(broken): pass
def test_breaks_too(broken): pass
def test_skips(): pytest.skip("no such feature")
"""
HINT = "there is no Service nobody in namespace shop"


@pytest.fixture
def tests(suite):
    """Run the named tests; return their records by name, and how often the scene was looked at."""

    def run(chosen, *options):
        suite.module(MODULE)
        suite.printed = suite.run("-k", chosen, *options).stdout
        looks = suite.folder / "looks.txt"
        records = {one["test"].rpartition("::")[2]: one for one in suite.records if one["kind"] == "test"}
        return records, len(looks.read_text().splitlines()) if looks.exists() else 0

    return run


def test_failure_has_its_hint_and_its_folder(suite, tests):
    records, _ = tests("test_misses")
    one, other = records["test_misses"], records["test_misses_too"]
    assert one["hint"] == other["hint"] == HINT
    assert (one["diagnostics"], other["diagnostics"]) == ("diagnostics/TM-01-1", "diagnostics/TM-01-2")
    summary = (suite.folder / "out" / one["diagnostics"] / "summary.txt").read_text()
    assert HINT in summary
    assert "hint" not in one["evidence"]


def test_hint_is_the_last_line_of_what_a_failure_prints(suite, tests):
    tests("test_misses and not too")
    suite.printed.fnmatch_lines(
        ["E   *Missed: not converged within 30 s", "E     last      no address", f"E     hint      {HINT}"]
    )


def test_what_is_broken_for_several_tests_is_looked_at_once(tests):
    records, looks = tests("test_breaks")
    assert {one["diagnostics"] for one in records.values()} == {"diagnostics/TM-01-1"}
    assert looks == 1


@pytest.mark.parametrize(
    ("chosen", "options"), [("passes", ()), ("skips", ()), ("test_misses", ("--meshproof-control",))]
)
def test_nothing_is_looked_at_without_a_failure(suite, tests, chosen, options):
    records, looks = tests(chosen, *options)
    assert looks == 0
    assert not (suite.folder / "out" / "diagnostics").exists()
    assert {one["hint"] + one["diagnostics"] for one in records.values()} == {""}


def test_failure_before_there_is_a_namespace_is_told_without(suite):
    suite.module(
        "import pytest\n"
        'pytestmark = pytest.mark.behaviour("TM-01")\n'
        "def test_breaks(): raise KeyError('x')\n"
    )
    suite.run()
    assert suite.verdicts == {"test_breaks": "error"}
    assert not (suite.folder / "out" / "diagnostics").exists()


def test_disk_that_refuses_the_folder_costs_no_verdict(suite, tests):
    (suite.folder / "out").mkdir()
    (suite.folder / "out" / "diagnostics").write_text("in the way")
    records, _ = tests("test_misses and not too")
    assert records["test_misses"]["verdict"] == "failed"
    assert records["test_misses"]["hint"].startswith("not diagnosed: ")


def test_eleventh_failure_has_a_hint_and_no_folder(suite, tests):
    for number in range(10):
        (suite.folder / "out" / "diagnostics" / f"TM-02-{number}").mkdir(parents=True)
    records, _ = tests("test_misses and not too")
    assert records["test_misses"]["diagnostics"] == ""
    assert records["test_misses"]["hint"] == HINT


@pytest.mark.processes
@pytest.mark.parametrize("stopped_by", ["SIGINT", "SIGTERM"])
def test_failure_is_kept_though_the_run_is_stopped_while_it_is_looked_at(suite, stopped_by):
    interrupt = f"import signal; signal.raise_signal(signal.{stopped_by})"
    suite.module(MODULE.replace("Scene.looks += 1", interrupt))
    assert suite.run_apart("-p", "no:randomly", "-k", "test_misses").ret == 75
    assert suite.verdicts == {"test_misses": "failed"}
    (test,) = [record for record in suite.records if record["kind"] == "test"]
    assert test["reason"] == "not converged within 30 s"
    assert suite.records[-1]["interrupted"]
