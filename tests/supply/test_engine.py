from pathlib import Path

import pytest

from meshproof.errors import MeshproofError
from meshproof.supply import engine as engines
from meshproof.supply.engine import Engine, candidates, containers_conf


@pytest.fixture
def installed(monkeypatch):
    """Say which engines are on this machine."""

    def say(*names):
        monkeypatch.setattr(engines, "find", lambda name: f"/usr/bin/{name}" if name in names else None)

    monkeypatch.delenv("MESHPROOF_ENGINE", raising=False)
    monkeypatch.delenv("CONTAINERS_CONF", raising=False)
    return say


def conf(**given):
    machine = {"cgroup_v2": True, "hard_files": -1, "hard_processes": -1, "may_raise": False}
    return containers_conf(**{**machine, **given})


def test_podman_may_start_as_many_processes_as_a_node_needs():
    assert conf() == "[containers]\npids_limit = 0\n"


@pytest.mark.parametrize(
    ("limits", "line"),
    [
        pytest.param({"hard_files": 20_000}, '["nofile=20000:20000"]', id="few-files"),
        pytest.param({"hard_processes": 32_768}, '["nproc=32768:32768"]', id="few-processes"),
        pytest.param(
            {"hard_files": 20_000, "hard_processes": 32_768},
            '["nofile=20000:20000", "nproc=32768:32768"]',
            id="few-of-both",
        ),
    ],
)
def test_limits_are_named_where_podman_could_not_raise_them(limits, line):
    assert f"default_ulimits = {line}\n" in conf(**limits)
    assert "default_ulimits" not in conf(**limits, may_raise=True)


def test_limits_that_are_high_enough_are_not_named():
    assert "default_ulimits" not in conf(hard_files=1_048_576, hard_processes=4_194_304)


def test_runc_serves_where_crun_refuses_the_hierarchy():
    assert 'runtime = "runc"' in conf(cgroup_v2=False)
    assert "runtime" not in conf(cgroup_v2=True)


def test_a_build_reaches_registries_as_the_host_does(monkeypatch, tmp_path):
    bundle = tmp_path / "ca.crt"
    bundle.touch()
    monkeypatch.setattr(engines, "CA_BUNDLE", bundle)
    command = Engine("podman").build_command(
        Path("/house/x"), "x:1", {"GO": "go:1", "BASE": "base:1"}, "test"
    )
    assert command == [
        *("podman", "build", "--network", "host", "--tag", "x:1", "--label", "meshproof.dev/image=x:1"),
        *("--secret", f"id=ca,src={bundle}"),
        *("--build-arg", "BASE=base:1", "--build-arg", "GO=go:1"),
        *("--target", "test", "/house/x"),
    ]


def test_a_build_does_without_certificates_and_stages_that_are_not_there(monkeypatch, tmp_path):
    monkeypatch.setattr(engines, "CA_BUNDLE", tmp_path / "none")
    command = Engine("docker").build_command(Path("/x"), "x:1", {})
    label = ("--label", "meshproof.dev/image=x:1")
    assert command == ["docker", "build", "--network", "host", "--tag", "x:1", *label, "/x"]


def test_docker_comes_first_where_both_are(installed, paths):
    installed("podman", "docker")
    assert [engine.name for engine in candidates(paths)] == ["docker", "podman"]


def test_the_user_may_name_the_engine(installed, paths, monkeypatch):
    installed("podman", "docker")
    monkeypatch.setenv("MESHPROOF_ENGINE", "podman")
    assert [engine.name for engine in candidates(paths)] == ["podman"]


def test_an_engine_that_is_not_there_is_no_candidate(installed, paths, monkeypatch):
    installed("docker")
    monkeypatch.setenv("MESHPROOF_ENGINE", "podman")
    assert candidates(paths) == []


def test_an_unknown_engine_is_named(installed, paths, monkeypatch):
    installed("docker")
    monkeypatch.setenv("MESHPROOF_ENGINE", "rkt")
    with pytest.raises(MeshproofError, match="unknown engine 'rkt'; set it to docker or podman"):
        candidates(paths)


def test_podman_gets_a_configuration_of_ours(installed, paths):
    installed("podman")
    (podman,) = candidates(paths)
    assert podman.environment["KIND_EXPERIMENTAL_PROVIDER"] == "podman"
    assert "pids_limit = 0" in Path(podman.environment["CONTAINERS_CONF"]).read_text()


def test_a_configuration_of_the_users_is_left_alone(installed, paths, monkeypatch):
    installed("podman")
    monkeypatch.setenv("CONTAINERS_CONF", "/etc/mine.conf")
    (podman,) = candidates(paths)
    assert podman.environment == {
        "KIND_EXPERIMENTAL_PROVIDER": "podman",
        "PODMAN_IGNORE_CGROUPSV1_WARNING": "1",
    }
    assert not paths.state.exists()


def test_an_archive_appears_whole(told, tmp_path):
    archive = tmp_path / "images.tar"
    told.engine.save(["a:1", "b:1"], archive)
    assert told.calls("save") == [f"save --output {tmp_path / 'images.partial'} a:1 b:1"]
    assert [path.name for path in tmp_path.glob("images.*")] == ["images.tar"]
