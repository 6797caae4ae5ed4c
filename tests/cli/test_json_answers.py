"""Answers for programs, the help, and what a shell completes."""

import json
import subprocess
import sys

import pytest
import yaml
from kubernetes.client import ApiException
from urllib3.exceptions import HTTPError

from meshproof.cli import demo
from meshproof.cli.answer import answering, aside, write_json
from meshproof.cli.options import Format
from meshproof.errors import ExitCode, MeshproofError


def test_what_is_said_meanwhile_goes_to_standard_error(capfd):
    with aside(wanted=True):
        print("for people")  # noqa: T201 -- what is tested
        subprocess.run([sys.executable, "-c", "print('of a program')"], check=True)
    write_json({"a": 1})
    out, err = capfd.readouterr()
    assert json.loads(out) == {"a": 1}
    assert "for people" in err
    assert "of a program" in err


def test_unless_it_is_not_wanted(capfd):
    with aside(wanted=False):
        print("for people")  # noqa: T201 -- what is tested
    assert capfd.readouterr().out == "for people\n"


def test_a_command_that_fails_answers_too(capfd):
    def command(form):
        with aside(wanted=form is Format.JSON):
            raise MeshproofError("it is gone", "look for it")

    with pytest.raises(MeshproofError):
        answering(command)(form=Format.JSON)
    answer = json.loads(capfd.readouterr().out)
    assert answer == {"exit_code": int(ExitCode.ENVIRONMENT), "error": "it is gone", "do": "look for it"}
    with pytest.raises(MeshproofError):
        answering(command)(form=Format.TEXT)
    assert capfd.readouterr().out == ""


@pytest.mark.parametrize(
    ("failure", "said"),
    [
        (ApiException(status=500, reason="broken"), "the API server answered 500 broken"),
        (HTTPError("no route\nto it"), "no route"),
        (OSError("no space left"), "no space left"),
    ],
)
def test_what_was_not_foreseen_is_answered_as_it_is_said(meshproof, monkeypatch, failure, said):
    def fail(*_):
        raise failure

    monkeypatch.setattr(demo.state, "known", fail)
    done = meshproof("status", "--format", "json")
    assert done.returncode == ExitCode.ENVIRONMENT
    answer = json.loads(done.stdout)
    assert answer["error"] == f"status --format failed: {said}"
    assert done.stderr == f"meshproof: {answer['error']}; {answer['do']}.\n"


@pytest.mark.parametrize(
    "words",
    [("diff", "/nowhere/a", "/nowhere/b"), ("behaviours", "--feature", "x")],
)
def test_every_command_that_answers_programs_answers_when_it_fails(meshproof, words):
    done = meshproof(*words, "--format", "json")
    assert done.returncode == ExitCode.USAGE
    assert json.loads(done.stdout)["exit_code"] == ExitCode.USAGE
    assert done.stderr.count("\n") == 1


def test_doctor_without_anything_names_all_that_is_missing(meshproof):
    done = meshproof("doctor")
    assert done.returncode == ExitCode.ENVIRONMENT
    assert "MISSING  container engine:" in done.stdout
    assert "MISSING  cluster: there is no cluster named meshproof that meshproof made" in done.stdout
    assert "make it with `meshproof up`" in done.stdout
    assert done.stderr == ""


def test_doctor_answers_programs(meshproof, tmp_path):
    config = str(tmp_path / "absent")
    done = meshproof("doctor", "--existing", "--kubeconfig", config, "--format", "json")
    assert done.returncode == ExitCode.ENVIRONMENT
    answer = json.loads(done.stdout)
    assert answer["ready"] is False
    (found,) = [each for each in answer["findings"] if each["name"] == "cluster"]
    assert (found["state"], found["found"]) == ("missing", f"there is no kubeconfig {config}")


def test_doctor_judges_by_the_options_of_the_run(meshproof, tmp_path):
    (tmp_path / "images.yaml").write_text("probe: registry.example/probe:1")
    words = ["doctor", "--existing", "--kubeconfig", str(tmp_path / "absent"), "--format", "json"]
    brought = ["--images", str(tmp_path / "images.yaml"), "--charts", "oci://x/y", "--helm", sys.executable]

    def missing(done):
        return [each["name"] for each in json.loads(done.stdout)["findings"] if each["state"] == "missing"]

    assert missing(meshproof(*words)) == ["images", "container engine", "helm", "cluster"]
    assert missing(meshproof(*words, *brought)) == ["cluster"]


def test_doctor_shows_the_cluster_roles_as_they_are_applied(meshproof):
    done = meshproof("doctor", "--clusterrole")
    assert done.returncode == ExitCode.OK
    roles = list(yaml.safe_load_all(done.stdout))
    assert [role["kind"] for role in roles] == ["ClusterRole", "ClusterRole"]
    assert [role["metadata"]["name"] for role in roles] == ["meshproof", "meshproof-gateway"]


def test_status_of_nothing_is_an_empty_list(meshproof):
    assert json.loads(meshproof("status", "--format", "json").stdout) == []


def test_a_run_that_cannot_begin_says_so_to_programs(meshproof, tmp_path):
    done = meshproof("run", "--existing", "--output", str(tmp_path / "o"), "--format", "json")
    assert done.returncode == ExitCode.USAGE
    assert json.loads(done.stdout)["do"].startswith("name them in a file")
    assert done.stderr.count("\n") == 1


def test_a_shell_completes_commands_and_the_names_of_areas(meshproof):
    env = {"_MESHPROOF_COMPLETE": "complete_bash", "COMP_CWORD": "1", "COMP_WORDS": "meshproof doc"}
    assert meshproof(**env).stdout.split() == ["doctor"]
    words = "meshproof run --areas traffic,sec"
    done = meshproof(**{**env, "COMP_CWORD": "3", "COMP_WORDS": words})
    assert done.stdout.split() == ["traffic,security"]
