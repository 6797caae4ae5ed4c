"""Under which of Kubernetes' Pod Security levels the pods of the shop are admitted, alone and in the mesh."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest
from kubernetes import client
from shops import ON, Shop

EVERYTHING = {
    "details": {"versions": {"v2": ON}},
    "ratings": {"versions": dict.fromkeys(("v2", "v2-mysql", "v-faulty", "v-delayed", "v-unavailable"), ON)},
}
PODS = (
    "productpage-v1",
    "details-v1",
    "details-v2",
    "reviews-v1",
    "reviews-v2",
    "reviews-v3",
    "ratings-v1",
    "ratings-v2",
    "ratings-v2-mysql",
    "ratings-v-faulty",
    "ratings-v-delayed",
    "ratings-v-unavailable",
    "mysqldb-v1",
    "mysqldb-seed",
)
# This container leads a pod's traffic to its sidecar. Where a node agent does that instead, there is none.
AGAINST_BASELINE = (
    '"baseline:latest": non-default capabilities (container "istio-init" must not include '
    '"NET_ADMIN", "NET_RAW" in securityContext.capabilities.add)'
)
LEVEL = "pod-security.kubernetes.io/enforce"


@pytest.fixture(scope="module")
def templates(demo, helm, namespace) -> dict[str, Any]:
    """Install all that the chart has, and return the template of each workload's pods."""
    shop = Shop(demo, helm, namespace("templates", injected=False))
    shop.install(services=EVERYTHING, database=ON)
    found = [
        *client.AppsV1Api(shop.api).list_namespaced_deployment(shop.namespace).items,
        *client.BatchV1Api(shop.api).list_namespaced_job(shop.namespace).items,
    ]
    return {item.metadata.name: item.spec.template for item in found}


@dataclass
class Admission:
    """Asks the API server what becomes of a pod, and what it has against it; nothing is made.

    Args:
        api: the API server.
        room: makes a namespace of a level, with sidecars or without, and returns its name.
        templates: of the pods, by workload.
    """

    api: client.ApiClient
    room: Callable[[str, bool], str]
    templates: dict[str, Any]

    def made(self, workload: str, level: str, *, injected: bool, left_out: str = "") -> Any:
        """The pod as it would be made.

        Args:
            left_out: an init container that is taken out of what injection has made of the pod.

        Raises:
            Refused: it would not be.
        """
        spec = self.templates[workload].spec
        if left_out:
            spec = self.made(workload, "privileged", injected=True).spec
            spec.init_containers = [each for each in spec.init_containers if each.name != left_out]
        metadata = {"name": workload, "labels": {"app": workload}}
        core = client.CoreV1Api(self.api)
        try:
            return core.create_namespaced_pod(
                self.room(level, injected), {"metadata": metadata, "spec": spec}, dry_run="All"
            )
        except client.ApiException as error:
            message = json.loads(error.body)["message"]
            raise Refused(message.partition("violates PodSecurity ")[2] or message) from error


class Refused(Exception):
    """The pod would not be admitted; its message says why."""


@pytest.fixture(scope="module")
def admission(demo, namespace, templates) -> Admission:
    accounts = {template.spec.service_account_name for template in templates.values()}
    core = client.CoreV1Api(demo.cluster.api)

    @cache
    def room(level: str, injected: bool) -> str:  # noqa: FBT001 - cached by position
        name = namespace(f"{level}-{'mesh' if injected else 'alone'}", injected=injected, **{LEVEL: level})
        for account in accounts:
            core.create_namespaced_service_account(name, {"metadata": {"name": account}})
        return name

    return Admission(demo.cluster.api, room, templates)


def containers(pod: Any) -> set[str]:
    return {container.name for container in (*pod.spec.containers, *(pod.spec.init_containers or ()))}


def test_the_chart_has_no_other_pods(templates):
    assert sorted(templates) == sorted(PODS)


@pytest.mark.parametrize("workload", PODS)
def test_alone_a_pod_is_admitted_under_restricted(admission, workload):
    assert "istio-proxy" not in containers(admission.made(workload, "restricted", injected=False))


@pytest.mark.parametrize("workload", PODS)
def test_in_the_mesh_the_container_that_sets_up_the_network_is_against_baseline(admission, workload):
    assert {"istio-init", "istio-proxy"} < containers(admission.made(workload, "privileged", injected=True))
    with pytest.raises(Refused) as refused:
        admission.made(workload, "baseline", injected=True)
    assert str(refused.value) == AGAINST_BASELINE


@pytest.mark.parametrize("workload", PODS)
def test_in_the_mesh_all_else_is_admitted_under_restricted(admission, workload):
    pod = admission.made(workload, "restricted", injected=False, left_out="istio-init")
    assert "istio-proxy" in containers(pod)
