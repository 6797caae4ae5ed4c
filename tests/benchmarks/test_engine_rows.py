"""The engine's own figures: how they are taken, and that they are held against their bounds."""

import subprocess
import sys
import threading
from contextlib import contextmanager

import pytest
from benchmarks.many import catalogue, write_results
from benchmarks.table import MB, REPORT, RUN_MEMORY, START_UP, exceeded

from benchmarks import engine
from meshproof.results import RESULTS_FILE, read_results


def test_results_that_are_made_up_are_such_as_a_run_leaves(tmp_path):
    write_results(tmp_path, catalogue(10))
    tests = read_results(tmp_path / RESULTS_FILE).tests
    assert len({test.behaviour for test in tests}) == 10
    assert all(share.least <= share.count <= share.most for test in tests for share in test.shares)
    assert any(test.shares for test in tests)


@contextmanager
def holding(megabytes, *words):
    """A process that holds so much, and let go of as much again."""
    code = f"bytearray({2 * megabytes} * 1000**2); held = bytearray({megabytes} * 1000**2); print(); input()"
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", code, *words], **pipes) as process:
        process.stdout.readline()
        try:
            yield process.pid
        finally:
            process.kill()


def test_peak_counts_what_pytest_has_let_go_of():
    with holding(20, "pytest") as pid:
        assert 40 * MB <= engine._peak(pid) < 80 * MB


def test_what_runs_beside_pytest_is_not_counted():
    with holding(20, "helm") as pid:
        assert engine._peak(pid) == 0
        assert pid in engine._descendants(engine.os.getpid())


def test_process_that_has_ended_has_no_peak():
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    assert engine._peak(ended.pid) == 0
    assert engine._descendants(ended.pid) == ()


def test_peak_of_a_run_is_the_largest(monkeypatch):
    looked = threading.Event()
    peak_of = engine._peak

    def peak(pid):
        peak = peak_of(pid)
        if peak >= 80 * MB:
            looked.set()
        return peak

    def run():
        with holding(20, "pytest"), holding(40, "pytest"):
            assert looked.wait(10)

    monkeypatch.setattr(engine, "_peak", peak)
    assert engine.peak_of_run(run) >= 80 * MB


def test_collection_that_collects_nothing_is_no_figure(tmp_path, monkeypatch):
    ended = subprocess.CompletedProcess([], 4, stdout="no such folder", stderr="")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: ended)
    with pytest.raises(RuntimeError, match="collected nothing"):
        engine._collected(tmp_path)


def test_made_up_run_has_as_many_behaviours_as_wanted():
    assert len(catalogue(500)) == 500
    assert all(one.id == name for name, one in catalogue(500).items())


@pytest.mark.parametrize(("name", "worse"), [(START_UP, 1.1), (REPORT, 2.1), (RUN_MEMORY, 251 * MB)])
def test_engines_figures_have_bounds(name, worse):
    assert exceeded({name: [worse / 2]}) == []
    assert len(exceeded({name: [worse]})) == 1
