"""What `doctor` finds on this machine, for the run that the user means to begin."""

import pytest

from meshproof.access import machine
from meshproof.access.brought import Brought
from meshproof.access.findings import State, ready
from meshproof.paths import Paths
from meshproof.supply.engine import Engine

CHARTS = "oci://charts.example/istio"


@pytest.fixture
def images(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text("probe: registry.example/probe:1")
    return file


@pytest.fixture
def look(tmp_path, monkeypatch):
    """Look with only the given programs on the PATH; a program that is there says nothing and fails."""
    folder = tmp_path / "bin"
    folder.mkdir()

    def with_programs(*names, foreign=True, existing=True, **brought):
        for name in names:
            program = folder / name
            program.write_text("#!/bin/sh\nexit 1\n")
            program.chmod(0o755)
        monkeypatch.setenv("PATH", str(folder))
        monkeypatch.delenv("MESHPROOF_ENGINE", raising=False)
        paths = Paths(tmp_path, tmp_path, tmp_path)
        found = machine.look(paths, Brought(**brought), foreign=foreign, existing=existing)
        return {finding.name: finding for finding in found}

    return with_programs


@pytest.fixture
def engine(monkeypatch):
    monkeypatch.setattr(machine, "detect", lambda _: Engine("podman"))


def states(found):
    return {name: each.state for name, each in found.items() if name != "kubectl"}


def test_an_engine_is_needed_on_a_cluster_made_here(look, images):
    brought = {"images": images, "charts": CHARTS}
    found = look("helm", foreign=False, existing=False, **brought)["container engine"]
    assert found.state is State.MISSING
    assert found.next_step.startswith("install")


def test_with_all_brought_a_run_can_begin_without_an_engine(look, images):
    found = look("helm", images=images, charts=CHARTS)
    assert states(found) == {
        "images": State.OK,
        "charts": State.OK,
        "container engine": State.NOTE,
        "helm": State.OK,
    }
    assert ready(found.values())


def test_an_engine_is_needed_for_what_is_not_brought(look, images):
    found = look("helm", images=images)["container engine"]
    assert found.state is State.MISSING
    assert "give --charts, so that nothing is built here, or install" in found.next_step
    assert "give --images and --charts, so" in look("helm", existing=False)["container engine"].next_step


@pytest.mark.usefixtures("engine")
def test_an_existing_mesh_needs_images_that_it_can_pull(look):
    found = look("helm", charts=CHARTS)
    assert [name for name, each in found.items() if each.state is State.MISSING] == ["images"]
    assert "--images" in found["images"].next_step
    assert "images" not in look("helm", charts=CHARTS, existing=False)


@pytest.mark.usefixtures("engine")
def test_what_is_named_and_not_there_is_missing(look, tmp_path):
    gone = tmp_path / "gone"
    found = look("helm", images=gone, charts=str(gone), helm=gone)
    missing = {name: each.found for name, each in found.items() if each.state is State.MISSING}
    assert missing == {
        "images": f"there is no file {gone}",
        "charts": f"there is no folder {gone}",
        "helm": f"there is no program {gone}",
    }


@pytest.mark.usefixtures("engine")
def test_an_engine_that_answers_brings_helm_and_charts_along(look, images):
    assert states(look(images=images)) == {
        "images": State.OK,
        "container engine": State.OK,
        "helm": State.NOTE,
    }


def test_helm_is_needed_where_nothing_is_built(look, images, tmp_path):
    found = look(images=images, charts=CHARTS)
    assert found["helm"].state is State.MISSING
    assert "--helm" in found["helm"].next_step
    assert found["container engine"].state is State.NOTE
    own = tmp_path / "own-helm"
    own.write_text("#!/bin/sh\n")
    own.chmod(0o755)
    assert ready(look(images=images, charts=CHARTS, helm=own).values())


def test_kubectl_is_never_needed(look):
    assert look()["kubectl"].state is State.NOTE
