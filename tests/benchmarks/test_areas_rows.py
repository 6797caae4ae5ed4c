"""What the areas and their control take, and that only whole runs say so."""

import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from benchmarks.areas import KNOWN, proven_and_controlled
from benchmarks.table import CONTROL, PROVEN, WAITED

from meshproof.results import (
    EndRecord,
    PlanRecord,
    ResultsWriter,
    RunRecord,
    TestRecord,
    Verdict,
    WaitingFound,
)

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def runs(monkeypatch):
    """Stand for the command: each run of it leaves results of tests with these verdicts and waits."""
    said = []

    def write(words, control, verdict, waited, interrupted):
        folder = words[words.index("--output") + 1] + ("/control" if control else "")
        tests = [
            TestRecord(
                behaviour="TM-01", test=f"a.py::{n}", verdict=verdict, seconds=1, started=NOW, waited=w
            )
            for n, w in enumerate(waited)
        ]
        with ResultsWriter(Path(folder) / "results.jsonl") as writer:
            for record in (
                RunRecord(run="r1", meshproof="0", started=NOW, control=control),
                PlanRecord(tests=()),
                *tests,
                EndRecord(ended=NOW, interrupted=interrupted),
            ):
                writer.write(record)

    def stand_in(verdicts=(Verdict.FAILED, Verdict.FAILED_AS_IT_MUST), waited=(), interrupted=None):
        def run(words, **_):
            control = "control" in words
            said.append(words)
            write(words, control, verdicts[control], waited, interrupted)

        monkeypatch.setattr(subprocess, "run", run)
        return said

    return stand_in


WAITS = (WaitingFound(seconds=4, late=0.5, of=6), WaitingFound(seconds=1, late=0.5, of=4))


def test_areas_have_three_figures(runs, tmp_path):
    said = runs(waited=WAITS)
    found = proven_and_controlled("demo", tmp_path, ["-k", "TM-01"])
    assert found.keys() == {PROVEN, WAITED, CONTROL}
    assert found[WAITED] == 0.1
    selected = ["--areas", "traffic,resilience,ingress", "--workers", "2", "--shuffle"]
    run, control = ([word for word in words if word in {*selected, *KNOWN, "-k", "TM-01"}] for words in said)
    assert run == [*selected, *KNOWN, "-k", "TM-01"]
    assert control == [*selected, "-k", "TM-01"]


def test_run_without_a_measure_has_no_share(runs, tmp_path):
    runs(waited=(None,))
    with pytest.raises(RuntimeError, match="did not measure"):
        proven_and_controlled("demo", tmp_path)


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ({"interrupted": "Ctrl-C"}, "Ctrl-C"),
        ({"verdicts": (Verdict.ERROR, Verdict.ERROR)}, "a.py::0"),
        ({"waited": ()}, "no test ran"),
    ],
)
def test_run_that_is_not_whole_is_no_figure(runs, tmp_path, how, why):
    runs(**{"waited": WAITS, **how})
    with pytest.raises(RuntimeError, match=why):
        proven_and_controlled("demo", tmp_path)
