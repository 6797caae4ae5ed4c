"""Objects applied to one namespace, which carry the labels of their run, and deleted again."""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Self

import yaml
from kubernetes.client import ApiClient, ApiException
from kubernetes.dynamic import DynamicClient
from kubernetes.dynamic.exceptions import NotFoundError, ResourceNotFoundError
from urllib3.exceptions import HTTPError

from meshproof.errors import ExitCode, MeshproofError
from meshproof.manifests.acceptance import GATEWAY_API_GROUP, SELECTING, Object, pending, wait_for
from meshproof.traffic.waiting import Waited

FIELD_MANAGER = "meshproof"
"""Owner of the fields that a run sets, as the API server records it."""
REFUSALS = range(400, 500)
"""Statuses with which the API server says that it has not stored an object; any other leaves that open."""


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
        dress: what becomes of each object before it is applied; it stays as it is when left out.
        hurry: told a workload that was asked to go and is still there, at each look.
        waited: told what each wait came to.
    """

    def __init__(  # noqa: PLR0913 - three of them are hooks
        self,
        client: Any,
        namespace: str,
        labels: Mapping[str, str],
        *,
        seconds: float,
        dress: Callable[[Object], Object] | None = None,
        hurry: Callable[[Object], object] | None = None,
        waited: Callable[[Waited], object] | None = None,
    ) -> None:
        self._dress = dress or (lambda obj: obj)
        self._hurry = hurry or (lambda _: None)
        self._waited = waited
        self._client = client
        self._namespace = namespace
        self._labels = dict(labels)
        self._seconds = seconds
        self._there: dict[Ref, None] = {}

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
                ref = Ref.of(obj)
                resource = self._namespaced(ref)
                applied.append(ref)
                as_stored.append(self._apply_one(resource, ref, obj))
            if stored is not None:
                stored(tuple(as_stored))
            for ref, obj in zip(applied, as_stored, strict=True):
                self._accepted(ref, obj)
        except BaseException:
            self._take_back(applied)
            raise
        return tuple(applied)

    def _accepted(self, ref: Ref, stored: Object) -> None:
        """Wait until the cluster has accepted an object; what it answered at first may already say so."""
        if pending(stored) is not None:
            reason = partial(self._pending, ref)
            wait_for(reason, seconds=self._seconds, what=str(ref), waited=self._waited)

    @property
    def namespace(self) -> str:
        """Where every object goes."""
        return self._namespace

    @property
    def remains(self) -> tuple[Ref, ...]:
        """What has been applied and not been seen to be gone."""
        return tuple(self._there)

    def _take_back(self, applied: Iterable[Ref]) -> None:
        """Delete what a failed `apply` has left, whose own error is the one to be told."""
        try:
            self.delete(ref for ref in applied if ref in self._there)
        except (MeshproofError, ApiException, HTTPError):
            return  # `remains` has it

    def _namespaced(self, ref: Ref) -> Any:
        resource = self._resource(ref)
        if not resource.namespaced:
            raise MeshproofError(
                f"{ref} belongs to the whole cluster, and a behaviour may only change its own namespace",
                "take it out of the manifest",
                ExitCode.USAGE,
            )
        return resource

    def _apply_one(self, resource: Any, ref: Ref, obj: Object) -> Object:
        obj = self._dress(obj)
        metadata = dict(obj["metadata"])
        metadata["labels"] = {**metadata.get("labels", {}), **self._labels}
        known = ref in self._there
        # Before it is asked for: an object may be stored although its answer never comes.
        self._there[ref] = None
        try:
            stored: Object = self._client.server_side_apply(
                resource,
                body={**obj, "metadata": metadata},
                namespace=self._namespace,
                field_manager=FIELD_MANAGER,
            ).to_dict()
        except ApiException as error:
            if error.status in REFUSALS and not known:
                # Not stored: what is there under this name, if anything, is somebody else's.
                del self._there[ref]
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

    def delete(self, refs: Iterable[Ref]) -> None:
        """Delete the objects, the last applied first, and wait until they are gone; gone already is fine.

        What goes wrong with one keeps no other from being deleted.

        Args:
            refs: their names.

        Raises:
            BaseException: the first that came; `remains` has what is not known to be gone.
        """
        gone = tuple(reversed(tuple(refs)))
        errors: list[BaseException] = []
        seen_gone: set[Ref] = set()
        refused = {ref for ref in gone if not _done(partial(self._delete_one, ref, seen_gone), errors)}
        # All were asked for at the same time, so they have one deadline, not one after the other.
        end = time.monotonic() + self._seconds
        for ref in gone:
            if any(not isinstance(error, Exception) for error in errors):
                break  # whoever interrupts has no time for it; all has been asked for
            if ref in refused:
                continue
            if ref in seen_gone or _done(partial(self._wait_until_gone, ref, end), errors):
                self._there.pop(ref, None)
        if errors:
            raise errors[0]

    def _delete_one(self, ref: Ref, gone: set[Ref]) -> None:
        """Ask for an object to be deleted; add it to those that are gone where the answer says so already."""
        try:
            answer = self._client.delete(
                self._resource(ref),
                name=ref.name,
                namespace=self._namespace,
                propagation_policy="Background" if _owns_nothing(ref) else "Foreground",
            )
        except NotFoundError:
            gone.add(ref)
            return
        # What is still there, as long as somebody has to tidy up after it, is answered with itself.
        if getattr(answer, "kind", None) == "Status":
            gone.add(ref)

    def _wait_until_gone(self, ref: Ref, end: float) -> None:
        left = max(end - time.monotonic(), 0.0)
        reason = partial(self._still_there, ref)
        wait_for(reason, seconds=left, what=f"deleting {ref}", waited=self._waited)

    def _pending(self, ref: Ref) -> str | None:
        return pending(self.get(ref))

    def _still_there(self, ref: Ref) -> str | None:
        try:
            found = self.get(ref)
            if ref.kind in SELECTING:
                self._hurry(found)
        except NotFoundError:
            return None
        except (ApiException, HTTPError) as error:
            # One answer that failed to come says nothing of the object; the next may.
            return f"the API server did not say whether it is there ({type(error).__name__})"
        return "it is still there"

    def _resource(self, ref: Ref) -> Any:
        try:
            return self._client.resources.get(api_version=ref.api_version, kind=ref.kind)
        except ResourceNotFoundError as error:
            raise MeshproofError(
                f"the cluster does not know {ref.api_version} {ref.kind}", "install its definition first"
            ) from error


def _owns_nothing(ref: Ref) -> bool:
    """Whether no other object goes with this one, so that nobody has to be waited for when it is deleted."""
    group = ref.api_version.rpartition("/")[0]
    return group.endswith(".istio.io") or (group == GATEWAY_API_GROUP and ref.kind.endswith("Route"))


def _done(step: Callable[[], object], errors: list[BaseException]) -> bool:
    """Take a step; return whether it succeeded, and add to the errors what it raised."""
    try:
        step()
    except BaseException as error:  # noqa: BLE001 - an interruption too is raised once the rest is done
        errors.append(error)
        return False
    return True


def message_of(error: ApiException) -> str:
    """Return what the API server said, without the HTTP headers that the client puts around it."""
    try:
        body = yaml.safe_load(error.body or "")
    except yaml.YAMLError:
        body = None
    if isinstance(body, Mapping) and body.get("message"):
        return str(body["message"]).strip()
    return f"{error.status} {error.reason}"
