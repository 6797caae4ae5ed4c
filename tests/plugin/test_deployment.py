"""What a process of a run deploys: without waiting, then awaited together, and then what others deploy."""

from types import SimpleNamespace

import pytest
from kubernetes.client import AppsV1Api

from meshproof.errors import MeshproofError
from meshproof.plugin.deployment import Deployment
from meshproof.run import Run

DONE = {"observedGeneration": 1, "updatedReplicas": 1, "availableReplicas": 1, "replicas": 1}
OTHER = "meshproof-r1-gw1"


class FakeHelm:
    def __init__(self, log):
        self.log = log

    def install(self, release, *, wait):
        assert not wait
        self.log.append(
            f"install {release.name} of {release.chart} into {release.namespace} with {release.values}"
        )


def one(name, inject, status):
    labels = {"app": name} if inject is None else {"sidecar.istio.io/inject": inject}
    template = SimpleNamespace(metadata=SimpleNamespace(labels=labels))
    metadata = SimpleNamespace(name=name, generation=1)
    return SimpleNamespace(metadata=metadata, spec=SimpleNamespace(template=template), status=status)


@pytest.fixture
def log(monkeypatch):
    """What is asked of the API server; in no namespace is a Deployment rolled out at the first look."""
    noted, looked = [], set()

    def listed(_, namespace):
        noted.append(f"list {namespace}")
        status = DONE if namespace in looked else {}
        looked.add(namespace)
        return SimpleNamespace(items=[one("gateway", "true", status), one("probe-a", None, status)])

    def patch(_, name, namespace, body):
        labels = body["spec"]["template"]["metadata"]["labels"]
        noted.append(f"patch {namespace}/{name} {labels}")

    monkeypatch.setattr(AppsV1Api, "list_namespaced_deployment", listed)
    monkeypatch.setattr(AppsV1Api, "patch_namespaced_deployment", patch)
    return noted


def plain(found):
    return {
        "items": [
            {"metadata": vars(each.metadata), "spec": {"replicas": 1}, "status": each.status}
            for each in found.items
        ]
    }


@pytest.fixture
def deployment(log):
    def make(*, sidecars=True, seconds=5.0):
        cluster = SimpleNamespace(api=SimpleNamespace(sanitize_for_serialization=plain))
        return Deployment(cluster, FakeHelm(log), Run("r1"), seconds=seconds, sidecars=sidecars)

    return make


def test_release_is_installed_and_then_known(deployment, log):
    deployed = deployment()
    assert not deployed.has("probe")
    deployed.install("probe", "charts/probe", {"a": 1})
    assert deployed.has("probe")
    assert log == ["install probe of charts/probe into meshproof-r1 with {'a': 1}"]


def test_without_sidecars_every_deployment_is_opted_out_but_gateways(deployment, log):
    deployment(sidecars=False).install("probe", "charts/probe", {})
    assert log[1:] == [
        "list meshproof-r1",
        "patch meshproof-r1/probe-a {'sidecar.istio.io/inject': 'false'}",
    ]


def test_its_own_is_awaited_before_what_is_deployed_beside_it(deployment, log):
    deployment().wait(beside=[OTHER])
    assert log == ["list meshproof-r1", "list meshproof-r1", f"list {OTHER}", f"list {OTHER}"]


def test_what_does_not_come_is_told(deployment):
    with pytest.raises(MeshproofError, match="deploying into meshproof-r1 is not done after 0 s: gateway: "):
        deployment(seconds=0.0).wait()


def test_what_does_not_come_beside_it_is_not_its_error(deployment, log):
    deployed = deployment(seconds=0.0)
    with pytest.raises(MeshproofError):
        deployed.wait()
    deployed.wait(beside=[OTHER])
    assert log[-1] == f"list {OTHER}"
