"""A run: its id, its namespace, its labels; what it makes carries them, and a sweep finds it by them."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Self

from kubernetes import client
from kubernetes.client import ApiClient, ApiException

from meshproof.errors import MeshproofError
from meshproof.manifests import message_of, wait_for

RUN_LABEL = "meshproof.dev/run"
"""Label on every object that a run makes; its value is the run's id."""


@dataclass(frozen=True)
class Run:
    """One run of the suites.

    Args:
        id: unique among runs on a cluster, fit for object names and label values.
    """

    id: str

    @classmethod
    def new(cls) -> Self:
        """Return a run named after this minute (UTC) and four random hex digits."""
        return cls(f"{datetime.now(UTC):%m%d-%H%M}-{secrets.token_hex(2)}")

    @property
    def namespace(self) -> str:
        """Name of the namespace that the run makes for itself."""
        return f"meshproof-{self.id}"

    @property
    def labels(self) -> Mapping[str, str]:
        """Labels of every object that the run makes."""
        return {RUN_LABEL: self.id}

    def create(self, api: ApiClient, labels: Mapping[str, str]) -> None:
        """Make the run's namespace.

        Args:
            api: the cluster's API server.
            labels: further labels of the namespace, those that make the mesh inject its proxies.

        Raises:
            MeshproofError: the API server refused it.
        """
        metadata = client.V1ObjectMeta(name=self.namespace, labels={**labels, **self.labels})
        try:
            client.CoreV1Api(api).create_namespace(client.V1Namespace(metadata=metadata))
        except ApiException as error:
            raise MeshproofError(
                f"cannot make the namespace {self.namespace}: {message_of(error)}",
                "give this kubeconfig's user the right to create namespaces",
            ) from error

    def remove(self, api: ApiClient, *, seconds: float) -> None:
        """Delete the run's namespace with everything in it, and wait until it is gone.

        Args:
            api: the cluster's API server.
            seconds: deadline for the namespace to be gone.

        Raises:
            MeshproofError: it was still there at the deadline.
        """
        core = client.CoreV1Api(api)

        def still_there() -> str | None:
            try:
                namespace = core.read_namespace(self.namespace)
            except ApiException as error:
                if error.status == HTTPStatus.NOT_FOUND:
                    return None
                raise
            conditions = (namespace.status and namespace.status.conditions) or []
            return "; ".join(condition.message or "" for condition in conditions) or "it is being emptied"

        try:
            core.delete_namespace(self.namespace)
        except ApiException as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return
            raise
        wait_for(still_there, seconds=seconds, what=f"deleting the namespace {self.namespace}")


def runs_on(api: ApiClient) -> tuple[Run, ...]:
    """Return every run that has a namespace on this cluster, by id: left behind, or still in use.

    A namespace that only bears the label, but not the name that a run would have given it, is not a run's.
    """
    items = client.CoreV1Api(api).list_namespace(label_selector=RUN_LABEL).items
    found = [item.metadata for item in items if item.metadata is not None]
    runs = [(Run(each.labels[RUN_LABEL]), each.name) for each in found if each.labels]
    return tuple(sorted((run for run, name in runs if run.namespace == name), key=lambda run: run.id))


def sweep(api: ApiClient, *, seconds: float) -> tuple[Run, ...]:
    """Remove everything that runs have on this cluster, also those that are going on; return those runs.

    Args:
        api: the cluster's API server.
        seconds: deadline for each namespace to be gone.
    """
    left = runs_on(api)
    for run in left:
        run.remove(api, seconds=seconds)
    return left
