"""A run: its id, its namespace, its labels; what it makes carries them, and a sweep finds it by them."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from typing import Self

from kubernetes import client
from kubernetes.client import ApiClient, ApiException

from meshproof.emptying import empty
from meshproof.errors import MeshproofError
from meshproof.manifests import LEISURE, message_of, wait_for

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
    def neighbour(self) -> str:
        """Name of a second namespace, which it makes for behaviours between two of them."""
        return f"{self.namespace}-neighbour"

    @property
    def labels(self) -> Mapping[str, str]:
        """Labels of every object that the run makes."""
        return {RUN_LABEL: self.id}

    def create(self, api: ApiClient, labels: Mapping[str, str], *, neighbour: bool = False) -> None:
        """Make the run's namespace.

        Args:
            api: the cluster's API server.
            labels: further labels of the namespace, those that make the mesh inject its proxies.
            neighbour: whether it is the second one that is made.

        Raises:
            MeshproofError: the API server refused it.
        """
        name = self.neighbour if neighbour else self.namespace
        metadata = client.V1ObjectMeta(name=name, labels={**labels, **self.labels})
        try:
            client.CoreV1Api(api).create_namespace(client.V1Namespace(metadata=metadata))
        except ApiException as error:
            raise MeshproofError(
                f"cannot make the namespace {name}: {message_of(error)}",
                "give this kubeconfig's user the right to create namespaces",
            ) from error

    def remove(self, api: ApiClient, *, seconds: float) -> None:
        """Delete the run's namespaces with everything in them, and wait until they are gone.

        Args:
            api: the cluster's API server.
            seconds: deadline for each namespace to be gone.

        Raises:
            MeshproofError: one was still there at the deadline.
        """
        core = client.CoreV1Api(api)
        asked = [name for name in (self.namespace, self.neighbour) if _asked_to_go(core, name)]
        for name in asked:
            empty(api, name)
        for name in asked:
            what = f"deleting the namespace {name}"
            wait_for(partial(_still_there, core, name), seconds=seconds, what=what, longest=LEISURE)

    def remove_neighbour(self, api: ApiClient) -> None:
        """Ask for the second namespace to be deleted; `remove` waits for it, too."""
        _asked_to_go(client.CoreV1Api(api), self.neighbour)


def _asked_to_go(core: client.CoreV1Api, name: str) -> bool:
    """Ask for a namespace to be deleted; return whether it was there."""
    try:
        core.delete_namespace(name)
    except ApiException as error:
        if error.status == HTTPStatus.NOT_FOUND:
            return False
        raise
    return True


def _still_there(core: client.CoreV1Api, name: str) -> str | None:
    """Return what keeps a namespace, or None when it is gone."""
    try:
        namespace = core.read_namespace(name)
    except ApiException as error:
        if error.status == HTTPStatus.NOT_FOUND:
            return None
        raise
    conditions = (namespace.status and namespace.status.conditions) or []
    return "; ".join(condition.message or "" for condition in conditions) or "it is being emptied"


def runs_on(api: ApiClient) -> tuple[Run, ...]:
    """Return every run that has a namespace on this cluster, by id: left behind, or still in use.

    A namespace that only bears the label, but not the name that a run would have given it, is not a run's.
    """
    items = client.CoreV1Api(api).list_namespace(label_selector=RUN_LABEL).items
    found = [item.metadata for item in items if item.metadata is not None]
    named = [(Run(each.labels[RUN_LABEL]), each.name) for each in found if each.labels]
    runs = {run for run, name in named if name in {run.namespace, run.neighbour}}
    return tuple(sorted(runs, key=lambda run: run.id))


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
