"""The rights of the ClusterRole, each one verb on one resource, and which of them a user lacks."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import yaml
from kubernetes.client import (
    ApiClient,
    AuthorizationV1Api,
    V1ResourceAttributes,
    V1SelfSubjectAccessReview,
    V1SelfSubjectAccessReviewSpec,
)

CLUSTER_ROLE = "clusterrole.yaml"
ASK_SECONDS = 10
AT_A_TIME = 8


@dataclass(frozen=True, order=True)
class Right:
    """One verb on one resource, or on one object of it, in every namespace.

    Args:
        group: API group; empty for the core.
        resource: plural name, with its subresource after a slash where there is one.
        verb: as the API server has it.
        name: of the only object that it is about; empty: any.
    """

    group: str
    resource: str
    verb: str
    name: str = ""

    def __str__(self) -> str:
        """Return it as a sentence names it: `create pods/exec`, `patch gateways.networking.istio.io`."""
        group, name = self.group and f".{self.group}", self.name and f" {self.name}"
        return f"{self.verb} {self.resource}{group}{name}"


def cluster_role() -> str:
    """Return the ClusterRole as it is applied: YAML, with what each rule is for."""
    return files(__package__).joinpath(CLUSTER_ROLE).read_text(encoding="utf-8")


def rights(role: str) -> tuple[Right, ...]:
    """Return every right that a ClusterRole gives, in its order.

    Args:
        role: YAML of one ClusterRole without wildcards.
    """
    rules: list[dict[str, list[str]]] = yaml.safe_load(role)["rules"]
    return tuple(
        Right(group, resource, verb, name)
        for rule in rules
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
        for name in rule.get("resourceNames", ("",))
    )


def missing(api: ApiClient, wanted: Iterable[Right]) -> tuple[Right, ...]:
    """Return the rights that the user of this client does not have in all namespaces, in their order.

    Asks the API server for each by itself: its list of a user's rights may be incomplete, and says so.

    Raises:
        ApiException: the API server refuses to judge.
    """
    asked = tuple(wanted)
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        answers = tuple(pool.map(lambda right: allowed(api, right), asked))
    return tuple(right for right, given in zip(asked, answers, strict=True) if not given)


def allowed(api: ApiClient, right: Right) -> bool:
    """Return whether the user of this client has the right in all namespaces."""
    resource, _, subresource = right.resource.partition("/")
    attributes = V1ResourceAttributes(
        group=right.group,
        resource=resource,
        subresource=subresource or None,
        verb=right.verb,
        name=right.name or None,
    )
    review = V1SelfSubjectAccessReview(spec=V1SelfSubjectAccessReviewSpec(resource_attributes=attributes))
    answer: Any = AuthorizationV1Api(api).create_self_subject_access_review(
        review, _request_timeout=ASK_SECONDS
    )
    return bool(answer.status.allowed)
