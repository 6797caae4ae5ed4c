"""What `sweep` says of what it removes."""

import pytest

from meshproof.cli import prove
from meshproof.cli.target import Where
from meshproof.cluster.model import Cluster
from meshproof.errors import ExitCode
from meshproof.run import Run


@pytest.fixture
def swept(meshproof, monkeypatch, tmp_path):
    """Sweep a cluster on which these runs have left something."""

    def sweep(*runs):
        monkeypatch.setattr(Where, "cluster", lambda *_: Cluster(tmp_path / "kubeconfig", "x"))
        monkeypatch.setattr(Cluster, "api", None)
        monkeypatch.setattr(prove, "sweep_runs", lambda *_, **__: runs)
        monkeypatch.setattr(prove, "remove_scratch", lambda: ())
        done = meshproof("sweep")
        assert done.returncode == ExitCode.OK
        return done.stdout

    return sweep


def test_whoever_sweeps_is_told_that_a_run_that_went_on_lost_its_namespace(swept):
    said = swept(Run("r1"), Run("r2"))
    assert "removed  namespace meshproof-r1\n" in said
    assert "A run that was still going on there has lost its namespace: run it again.\n" in said


def test_nothing_is_said_where_nothing_was_removed(swept):
    assert swept() == "No run has left anything there.\n"


def test_the_help_warns(meshproof):
    assert "also of one that is going on" in " ".join(meshproof("sweep", "--help").stdout.split())
