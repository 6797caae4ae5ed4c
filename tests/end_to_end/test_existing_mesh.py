"""A mesh that meshproof did not install, proven by a user who has the documented ClusterRole and no more."""

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from kubernetes import client
from kubernetes.client import ApiException

from meshproof import wait
from meshproof.access.cluster import look
from meshproof.access.findings import State
from meshproof.access.gateway import gateway_role
from meshproof.access.rights import cluster_role, missing, rights
from meshproof.cluster.audit import LOG
from meshproof.cluster.existing import existing
from meshproof.cluster.model import Cluster
from meshproof.demo.shop import run_images
from meshproof.errors import ExitCode
from meshproof.results import RESULTS_FILE, Verdict, read_results

pytestmark = pytest.mark.alone

GIVEN = rights(cluster_role())
# The name of the log itself sorts after those of its older parts.
LOGS = f"{LOG.removesuffix('.log')}*.log"
SECONDS = 30
KNOWN_FAILURE = "IN-06"  # its docstring says why


@dataclass(frozen=True)
class Prover:
    """A ServiceAccount with the documented rights.

    Args:
        cluster: the cluster as it sees it.
        user: as the API server calls it.
        role: the name of its ClusterRole.
    """

    cluster: Cluster
    user: str
    role: str


def kubeconfig(of: Cluster, token: str, file: Path) -> Path:
    """A kubeconfig with one user, who has nothing but a token."""
    found = yaml.safe_load(of.kubeconfig.read_text())
    name = next(each["context"]["cluster"] for each in found["contexts"] if each["name"] == of.context)
    found["users"] = [{"name": "prover", "user": {"token": token}}]
    found["contexts"] = [{"name": "prover", "context": {"cluster": name, "user": "prover"}}]
    found["current-context"] = "prover"
    file.touch(0o600)
    file.write_text(yaml.safe_dump(found))
    return file


@pytest.fixture(scope="module")
def prover(demo, namespace, tmp_path_factory) -> Iterator[Prover]:
    api = demo.cluster.api
    home, role = namespace("prover", injected=False), f"e2e-prover-{os.getpid()}"
    core, access = client.CoreV1Api(api), client.RbacAuthorizationV1Api(api)
    core.create_namespaced_service_account(home, {"metadata": {"name": "prover"}})
    access.create_cluster_role({**yaml.safe_load(cluster_role()), "metadata": {"name": role}})
    gateways = yaml.safe_load(gateway_role())
    with suppress(ApiException):  # of another prover: it has the one name by which it may be bound
        access.create_cluster_role(gateways)
    account = {"kind": "ServiceAccount", "name": "prover", "namespace": home}
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role}
    access.create_cluster_role_binding(
        {"metadata": {"name": role}, "roleRef": reference, "subjects": [account]}
    )
    token = core.create_namespaced_service_account_token(
        "prover", home, {"spec": {"expirationSeconds": 3600}}
    ).status.token
    file = kubeconfig(demo.cluster, token, tmp_path_factory.mktemp("prover") / "kubeconfig")
    found = Prover(existing(None, file), f"system:serviceaccount:{home}:prover", role)
    wait.until(lambda: not missing(found.cluster.api, GIVEN), SECONDS, "the rights are given", "look")
    yield found
    access.delete_cluster_role_binding(role)
    access.delete_cluster_role(role)


@pytest.fixture
def writes(demo, prover, engine) -> list[dict]:
    """What the prover has written, as the API server's own audit log says."""
    log = engine.run("exec", f"{demo.made.name}-control-plane", "sh", "-c", f"cat {LOGS}")
    events = [json.loads(line) for line in log.splitlines()]
    return [event for event in events if event["user"]["username"] == prover.user]


@pytest.fixture(scope="module")
def brought(demo, prover, tmp_path_factory) -> tuple[str, ...]:
    """Options with which nothing is needed of this machine: images, charts and Helm are brought along."""
    supplied = demo.supplied
    images = tmp_path_factory.mktemp("brought") / "images.yaml"
    images.write_text(yaml.safe_dump(run_images(supplied)))
    return (
        *("--existing", "--kubeconfig", str(prover.cluster.kubeconfig), "--images", str(images)),
        *("--charts", str(Path(supplied.charts.gateway).parent), "--helm", str(supplied.tools.helm)),
    )


@pytest.fixture(scope="module")
def ran(brought, meshproof, tmp_path_factory):
    """One run on a machine that has no other program."""
    output = tmp_path_factory.mktemp("existing")
    ended = meshproof(
        *("run", *brought, "--output", str(output), "--workers", "2", "--known-failure", KNOWN_FAILURE),
        seconds=1200,
        PATH=str(output),
    )
    return ended, output


def test_every_behaviour_passes_with_the_documented_rights_alone(ran):
    ended, output = ran
    assert ended.code == ExitCode.OK, ended.out + ended.err
    tests = read_results(output / RESULTS_FILE).tests
    assert {test.verdict for test in tests if test.behaviour != KNOWN_FAILURE} == {Verdict.PASSED}
    assert {test.verdict for test in tests} <= {Verdict.PASSED, Verdict.FAILED}


def test_the_run_writes_nowhere_but_in_its_own_namespaces(ran, writes):
    assert ran[0].code == ExitCode.OK
    mine = f"meshproof-{read_results(ran[1] / RESULTS_FILE).run.run}"
    stray, own = [], set()
    for event in writes:
        about = event.get("objectRef", {})
        name = about.get("namespace") or event.get("requestObject", {}).get("metadata", {}).get("name", "")
        if name.startswith(mine):
            own.add((event["verb"], about["resource"]))
        elif "dryRun=All" not in event["requestURI"]:
            stray.append((event["verb"], event["requestURI"]))
    assert not stray
    # The log has seen what there was to see.
    assert {("create", "namespaces"), ("create", "deployments"), ("delete", "namespaces")} <= own
    assert ("get", "pods") in own, "a command in a container"


def test_the_run_leaves_nothing(ran, demo):
    found = client.CoreV1Api(demo.cluster.api).list_namespace(label_selector="meshproof.dev/run")
    run = read_results(ran[1] / RESULTS_FILE).run.run
    assert not [item.metadata.name for item in found.items if run in item.metadata.name]


def test_doctor_finds_nothing_missing(brought, meshproof):
    ended = meshproof("doctor", *brought)
    assert ended.code == ExitCode.OK, ended.out
    assert f"rights: this user has all {len(GIVEN)}" in ended.out


@pytest.fixture
def without(demo, prover):
    """Take one right away, and give it back at the end."""
    access = client.RbacAuthorizationV1Api(demo.cluster.api)

    def give(*lacking) -> None:
        kept = [right for right in GIVEN if right not in lacking]
        rules = [
            {
                "apiGroups": [each.group],
                "resources": [each.resource],
                "verbs": [each.verb],
                "resourceNames": [each.name] if each.name else [],
            }
            for each in kept
        ]
        access.patch_cluster_role(prover.role, {"rules": rules})

        wait.until(
            lambda: missing(prover.cluster.api, GIVEN) == lacking,
            SECONDS,
            "the API server judges by the new rules",
            "look at it",
            every=0.02,
        )

    yield give
    give()


def test_each_verb_that_is_taken_away_is_named(prover, without):
    named = {}
    for right in GIVEN:
        without(right)
        found = look(lambda: prover.cluster)
        named[right] = [each.name for each in found if each.state is State.MISSING]
    assert named == {right: [f"right to {right}"] for right in GIVEN}


def test_the_command_names_a_right_that_is_missing_and_says_what_to_do(brought, without, meshproof):
    right = next(right for right in GIVEN if right.resource == "pods/proxy")
    without(right)
    words = ("doctor", *brought)
    told, written = meshproof(*words), meshproof(*words, "--format", "json")
    assert (told.code, written.code) == (ExitCode.ENVIRONMENT, ExitCode.ENVIRONMENT)
    assert f"MISSING  right to {right}: this user does not have it" in told.out
    assert "apply the output of `meshproof doctor --clusterrole`" in told.out
    answer = json.loads(written.out)
    assert answer["ready"] is False
    assert [f["name"] for f in answer["findings"] if f["state"] == "missing"] == [f"right to {right}"]
