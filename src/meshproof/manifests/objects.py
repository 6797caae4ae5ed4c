"""Manifests: files read, objects applied to one namespace and deleted again.

A manifest lies beside its test and names no namespace: every object goes into the run's own namespace and
carries the run's labels. The tokens `${run}` and `${namespace}` stand for the run's id and namespace, for the
few objects that must say them (a gateway's selector, a principal).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Self

import yaml
from kubernetes.client import ApiClient, ApiException
from kubernetes.dynamic import DynamicClient
from kubernetes.dynamic.exceptions import NotFoundError, ResourceNotFoundError

from meshproof.errors import ExitCode, MeshproofError
from meshproof.manifests.acceptance import Object, pending, wait_for

FIELD_MANAGER = "meshproof"
"""Owner of the fields that a run sets, as the API server records it."""


@dataclass(frozen=True)
class Ref:
    """Names one object of the run's namespace."""

    api_version: str
    kind: str
    name: str

    def __str__(self) -> str:
        """Return it as a sentence names it."""
        return f"{self.kind} {self.name}"

    @classmethod
    def of(cls, obj: Object) -> Self:
        """Return the name of an object that `read` has checked."""
        return cls(obj["apiVersion"], obj["kind"], obj["metadata"]["name"])


def read(path: Path, tokens: Mapping[str, str]) -> tuple[Object, ...]:
    """Return the objects of a manifest, tokens replaced.

    Args:
        path: the YAML file, one or several documents.
        tokens: what `${name}` stands for.

    Raises:
        MeshproofError: the file is no YAML, or an object lacks its kind or name or names a namespace.
    """
    text = path.read_text(encoding="utf-8")
    for name, value in tokens.items():
        text = text.replace(f"${{{name}}}", value)
    try:
        documents = [document for document in yaml.safe_load_all(text) if document is not None]
    except yaml.YAMLError as error:
        raise _unusable(path, f"is not YAML: {' '.join(str(error).split())}") from error
    for number, document in enumerate(documents, start=1):
        reason = _flaw(document)
        if reason is not None:
            raise _unusable(path, f"has a flaw in object {number}: {reason}")
    if not documents:
        raise _unusable(path, "holds no object")
    return tuple(documents)


def _flaw(document: Any) -> str | None:
    """Return why a document cannot be applied to the run's namespace, or None."""
    if not isinstance(document, Mapping):
        return "it is not a mapping"
    metadata = document.get("metadata")
    named = isinstance(metadata, Mapping) and metadata.get("name")
    if not (document.get("apiVersion") and document.get("kind") and isinstance(metadata, Mapping) and named):
        return "apiVersion, kind and metadata.name are needed"
    if "namespace" in metadata:
        return "it names a namespace, but every object goes into the run's own"
    return None


def _unusable(path: Path, why: str) -> MeshproofError:
    return MeshproofError(f"the manifest {path} {why}", "correct the file", ExitCode.USAGE)


def dynamic(api: ApiClient) -> Any:
    """Return kubernetes' dynamic client, which finds the path of any kind by asking the API server."""
    client: Any = DynamicClient
    return client(api)


class Manifests:
    """Applies and deletes objects in one namespace.

    Args:
        client: kubernetes' dynamic client.
        namespace: where every object goes.
        labels: put on every object, so that a sweep finds it.
        seconds: deadline for an object to be accepted, and for one to be gone.
    """

    def __init__(self, client: Any, namespace: str, labels: Mapping[str, str], *, seconds: float) -> None:
        self._client = client
        self._namespace = namespace
        self._labels = dict(labels)
        self._seconds = seconds

    def apply(
        self, objects: Iterable[Object], stored: Callable[[tuple[Object, ...]], object] | None = None
    ) -> tuple[Ref, ...]:
        """Apply the objects in their order and wait until each is accepted; return their names.

        Args:
            objects: as `read` returns them.
            stored: told the objects as the API server has stored them, before their acceptance is awaited.

        Raises:
            MeshproofError: the cluster does not know a kind, refused an object, or did not accept it in time.
                What was applied until then is deleted again.
        """
        applied: list[Ref] = []
        as_stored: list[Object] = []
        try:
            for obj in objects:
                as_stored.append(self._apply_one(obj))
                applied.append(Ref.of(obj))
            if stored is not None:
                stored(tuple(as_stored))
            for ref in applied:
                wait_for(partial(self._pending, ref), seconds=self._seconds, what=str(ref))
        except MeshproofError:
            self.delete(applied)
            raise
        return tuple(applied)

    def _apply_one(self, obj: Object) -> Object:
        ref = Ref.of(obj)
        metadata = dict(obj["metadata"])
        metadata["labels"] = {**metadata.get("labels", {}), **self._labels}
        resource = self._resource(ref)
        if not resource.namespaced:
            raise MeshproofError(
                f"{ref} belongs to the whole cluster, and a behaviour may only change its own namespace",
                "take it out of the manifest",
                ExitCode.USAGE,
            )
        try:
            stored: Object = self._client.server_side_apply(
                resource,
                body={**obj, "metadata": metadata},
                namespace=self._namespace,
                field_manager=FIELD_MANAGER,
            ).to_dict()
        except ApiException as error:
            raise MeshproofError(
                f"the cluster refused {ref}: {message_of(error)}", "correct the manifest"
            ) from error
        return stored

    def get(self, ref: Ref) -> Object:
        """Return the object as the cluster has it now."""
        found: Object = self._client.get(
            self._resource(ref), name=ref.name, namespace=self._namespace
        ).to_dict()
        return found

    def delete(self, refs: Iterable[Ref], asked: Callable[[], object] | None = None) -> None:
        """Delete the objects, the last applied first, and wait until they are gone; gone already is fine.

        Args:
            refs: their names.
            asked: called once the API server has been asked for all of it, before the wait.
        """
        gone = tuple(reversed(tuple(refs)))
        for ref in gone:
            try:
                self._client.delete(
                    self._resource(ref),
                    name=ref.name,
                    namespace=self._namespace,
                    propagation_policy="Foreground",
                )
            except NotFoundError:
                continue
        if asked is not None:
            asked()
        for ref in gone:
            wait_for(partial(self._still_there, ref), seconds=self._seconds, what=f"deleting {ref}")

    def _pending(self, ref: Ref) -> str | None:
        return pending(self.get(ref))

    def _still_there(self, ref: Ref) -> str | None:
        try:
            self.get(ref)
        except NotFoundError:
            return None
        return "it is still there"

    def _resource(self, ref: Ref) -> Any:
        try:
            return self._client.resources.get(api_version=ref.api_version, kind=ref.kind)
        except ResourceNotFoundError as error:
            raise MeshproofError(
                f"the cluster does not know {ref.api_version} {ref.kind}", "install its definition first"
            ) from error


def message_of(error: ApiException) -> str:
    """Return what the API server said, without the HTTP headers that the client puts around it."""
    try:
        body = yaml.safe_load(error.body or "")
    except yaml.YAMLError:
        body = None
    if isinstance(body, Mapping) and body.get("message"):
        return str(body["message"]).strip()
    return f"{error.status} {error.reason}"
