"""What `doctor` finds on this machine."""

import pytest

from meshproof.access import machine
from meshproof.access.findings import State
from meshproof.paths import Paths
from meshproof.supply.engine import Engine


@pytest.fixture
def look(tmp_path, monkeypatch):
    """Look with only the given programs on the PATH; a program that is there says nothing and fails."""

    def with_programs(*names, brought):
        for name in names:
            program = tmp_path / name
            program.write_text("#!/bin/sh\nexit 1\n")
            program.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path))
        monkeypatch.delenv("MESHPROOF_ENGINE", raising=False)
        found = machine.look(Paths(tmp_path, tmp_path, tmp_path), brought=brought)
        return {finding.name: finding for finding in found}

    return with_programs


def test_an_engine_is_needed_where_images_are_built(look):
    found = look(brought=False)["container engine"]
    assert found.state is State.MISSING
    assert found.next_step


def test_an_engine_is_only_noted_where_all_is_brought(look):
    assert look(brought=True)["container engine"].state is State.NOTE


def test_an_engine_that_answers_brings_helm_along(look, monkeypatch):
    monkeypatch.setattr(machine, "detect", lambda _: Engine("podman"))
    found = look(brought=False)
    assert {name: each.state for name, each in found.items() if name != "kubectl"} == {
        "container engine": State.OK,
        "helm": State.NOTE,
    }


def test_helm_is_needed_where_nothing_is_built(look):
    found = look(brought=True)["helm"]
    assert (found.state, "--helm" in found.next_step) == (State.MISSING, True)
    assert look("helm", brought=True)["helm"].state is State.OK


def test_kubectl_is_never_needed(look):
    assert look(brought=True)["kubectl"].state is State.NOTE
