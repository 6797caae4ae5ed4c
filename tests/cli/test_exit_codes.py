"""What a user sees who gives bad input: one sentence, and a documented exit code."""

import os
from pathlib import Path

import pytest

from meshproof.errors import ExitCode

HOUSE = Path(__file__).resolve().parents[2]


@pytest.fixture
def programs(tmp_path):
    """A folder for PATH, to which programs that say something and fail can be added."""
    folder = tmp_path / "bin"
    folder.mkdir()

    def add(name: str, script: str) -> str:
        file = folder / name
        file.write_text(f"#!/bin/sh\n{script}\n")
        file.chmod(0o755)
        return str(folder)

    return add


def assert_one_sentence(text: str) -> None:
    lines = text.strip().splitlines()
    assert len(lines) == 1, text
    assert lines[0].startswith("meshproof: ")
    assert lines[0].endswith(".")
    assert "; " in lines[0], "it says what to do next"


def test_no_container_engine(meshproof):
    done = meshproof("up", "--supply", "packages")
    assert done.returncode == ExitCode.ENVIRONMENT
    assert "no container engine is on this machine" in done.stderr
    assert "apt-get install podman" in done.stderr
    assert_one_sentence(done.stderr)


def test_an_engine_without_rights(meshproof, programs):
    path = programs("docker", "echo 'permission denied while trying to connect to the socket' >&2; exit 1")
    done = meshproof("up", "--supply", "packages", path=path)
    assert done.returncode == ExitCode.ENVIRONMENT
    assert "docker: permission denied while trying to connect" in done.stderr
    assert_one_sentence(done.stderr)


def test_a_docker_client_without_an_engine(meshproof, programs):
    path = programs("docker", """echo '{"ServerErrors": ["Cannot connect to the Docker daemon"]}'""")
    done = meshproof("up", "--supply", "packages", path=path)
    assert done.returncode == ExitCode.ENVIRONMENT
    assert "docker: Cannot connect to the Docker daemon" in done.stderr
    assert_one_sentence(done.stderr)


def test_an_unknown_engine(meshproof):
    done = meshproof("up", MESHPROOF_ENGINE="lxc")
    assert done.returncode == ExitCode.ENVIRONMENT
    assert "MESHPROOF_ENGINE names the unknown engine 'lxc'" in done.stderr
    assert_one_sentence(done.stderr)


def test_a_context_that_does_not_exist(meshproof, tmp_path):
    (tmp_path / "config").write_text("contexts: [{name: dev}]")
    done = meshproof("run", "--output", "x", "--kubeconfig", str(tmp_path / "config"), "--context", "prod")
    assert done.returncode == ExitCode.ENVIRONMENT
    assert "the context 'prod' is not in" in done.stderr
    assert "use one of: dev" in done.stderr
    assert_one_sentence(done.stderr)


def test_a_cluster_that_was_never_made(meshproof):
    done = meshproof("mesh", "status", "--name", "nobody")
    assert done.returncode == ExitCode.ENVIRONMENT
    assert "there is no cluster named nobody that meshproof made" in done.stderr
    assert_one_sentence(done.stderr)


@pytest.mark.parametrize(
    "words",
    [
        ["no-such-command"],
        ["up", "--no-such-option"],
        ["up", "--port", "eighty"],
        ["up", "--port", "0"],
        ["up", "--port", "99999"],
        ["up", "--supply", "x"],
    ],
)
def test_wrong_usage(meshproof, words):
    done = meshproof(*words)
    assert done.returncode == ExitCode.USAGE
    assert "usage" in done.stderr.lower()


def test_a_report_of_nothing(meshproof, tmp_path):
    done = meshproof("report", "--output", str(tmp_path / "empty"))
    assert done.returncode == ExitCode.USAGE
    assert_one_sentence(done.stderr)


def test_every_exit_code_is_documented():
    documented = (HOUSE / "docs" / "exit-codes.md").read_text()
    assert all(f"| {code.value} | {code.name.lower()}" in documented for code in ExitCode)


def test_help_names_every_command(meshproof):
    done = meshproof("--help")
    assert done.returncode == 0
    commands = "doctor up status run control report diff behaviours down sweep show mesh images"
    for command in commands.split():
        assert command in done.stdout
    assert os.environ.get("HOME") not in done.stdout
