"""Bad input on the real thing: one sentence, the documented code, nothing left behind."""

import os
import shutil
import socket
import subprocess
import sys

import pytest

from meshproof.cluster import state
from meshproof.cluster.kind import LABEL
from meshproof.errors import ExitCode
from meshproof.supply.packages import Packages

NOBODYS = "/tmp/meshproof-nobody"  # noqa: S108 -- a place where everybody may write


def assert_one_sentence(ended) -> None:
    assert ended.err.count("\n") == 1, ended.err
    assert ended.err.startswith("meshproof: ")


def test_a_port_that_is_taken(meshproof, cluster_name, paths):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        ended = meshproof("up", "--name", cluster_name, "--port", str(port))
    assert ended.code == ExitCode.ENVIRONMENT
    assert f"port {port} of this host is in use" in ended.err
    assert_one_sentence(ended)
    assert state.load(paths, cluster_name) is None


def test_a_cluster_of_the_name_that_is_not_ours(meshproof, cluster_name, engine, paths):
    image = Packages(paths).prepare(engine).node_image
    container = f"{cluster_name}-control-plane"
    engine.run("create", "--name", container, "--label", f"{LABEL}={cluster_name}", image)
    try:
        ended = meshproof("up", "--name", cluster_name)
        removed = meshproof("down", "--name", cluster_name)
        still_there = engine.containers(f"{LABEL}={cluster_name}")
    finally:
        engine.run("rm", "--force", container)
    assert ended.code == ExitCode.ENVIRONMENT
    assert "that meshproof did not make; choose another name with --name" in ended.err
    assert_one_sentence(ended)
    assert f"nothing to remove of {cluster_name}" in removed.out
    assert still_there == [container]


def test_no_network_at_all(meshproof, cluster_name, empty_store):
    ended = meshproof("up", "--name", cluster_name, wrapper=("unshare", "--net"), **empty_store)
    assert ended.code == ExitCode.ENVIRONMENT
    assert "supply packages: images are built here, because" in ended.out
    assert "a package registry could not be reached while building image base" in ended.err
    assert_one_sentence(ended)


def test_an_image_registry_that_refuses(meshproof, cluster_name):
    ended = meshproof(
        "up", "--name", cluster_name, "--supply", "registry", wrapper=("unshare", "--net"), seconds=60
    )
    assert ended.code == ExitCode.ENVIRONMENT
    assert "does not answer" in ended.err
    assert "use --supply packages" in ended.err
    assert_one_sentence(ended)


def test_a_disk_that_is_full(meshproof, empty_store, small_disk):
    ended = meshproof("images", "build", **{**empty_store, "TMPDIR": str(small_disk)})
    assert ended.code == ExitCode.ENVIRONMENT
    assert "the disk is full while building image base" in ended.err
    assert_one_sentence(ended)


@pytest.mark.parametrize("words", [["mesh", "status"], ["run", "--output", "unused"]])
def test_a_context_that_does_not_exist(meshproof, tmp_path, words):
    file = tmp_path / "kubeconfig"
    file.write_text("contexts: [{name: dev}]")
    ended = meshproof(*words, "--kubeconfig", str(file), "--context", "prod")
    assert ended.code == ExitCode.ENVIRONMENT
    assert "use one of: dev" in ended.err
    assert_one_sentence(ended)


def test_an_engine_without_rights():
    # Loaded as root, so that it does not matter who may read the checkout; then it is nobody, whom no engine
    # serves.
    code = (
        "import os, sys; from meshproof.cli import main; "
        "os.setgroups([]); os.setgid(65534); os.setuid(65534); sys.argv = ['meshproof', 'up']; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": os.environ["PATH"], "HOME": "/nonexistent", "MESHPROOF_STATE": NOBODYS},
    )
    shutil.rmtree(NOBODYS)
    assert done.returncode == ExitCode.ENVIRONMENT
    assert "no container engine serves this user" in done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
