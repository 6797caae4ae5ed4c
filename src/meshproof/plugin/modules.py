"""A module of a suite gets its manifests, once and before its first test, and leaves none of them behind."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from meshproof.errors import MeshproofError
from meshproof.plugin.marks import wanted_by

if TYPE_CHECKING:
    from meshproof.features import Features
    from meshproof.manifests import Barrier, Change, Manifests, Object, Propagated

PROPAGATION: "pytest.StashKey[Propagated]" = pytest.StashKey()
"""Where a module keeps how its manifests came to the proxies; absent when it has none."""
LEFT = pytest.StashKey[str]()
"""Where a process keeps what a module has left in its namespace, a clause; absent when nothing is."""


@pytest.fixture(scope="module", autouse=True)
def behaviour_of_module(request: pytest.FixtureRequest) -> Iterator[None]:
    """Skip a module whose behaviour the mesh does not offer; else apply its manifests, and delete them after.

    A module that knows several APIs has its manifests one after the other: each is this fixture's parameter.
    In a control run the manifests are withheld, or their opposite is applied. Tests begin once the proxies
    have what was applied, and those of the next module once they have lost it. Where they could not be
    deleted, nothing is judged any more in this process's namespace.
    """
    marked = wanted_by(request.node)
    if marked is None:
        yield
        return
    wanted = marked.through(getattr(request, "param", None))
    if PROPAGATION in request.node.stash:
        del request.node.stash[PROPAGATION]  # of the manifest before
    features: Features = request.getfixturevalue("features")
    reason = features.missing(wanted.features)
    if reason is not None:
        pytest.skip(reason)
    if left := request.config.stash.get(LEFT, ""):
        raise MeshproofError(left, "look why they could not be deleted, and run again")
    path = wanted.to_apply(control=request.config.getoption("meshproof_control"))
    if path is None:
        yield
        return
    # Imported only here: the client of the API server has no part in a run that proves no behaviour.
    from meshproof.manifests import read  # noqa: PLC0415

    manifests: Manifests = request.getfixturevalue("manifests")
    barrier: Barrier = request.getfixturevalue("barrier")
    objects = read(path, request.getfixturevalue("tokens"))
    kept: tuple[Object, ...] = ()
    change = barrier.begin()

    def stored(as_stored: tuple["Object", ...]) -> None:
        nonlocal kept
        kept = as_stored
        request.node.stash[PROPAGATION] = change.applied(as_stored)

    with _noting_what_stays(request, manifests):
        applied = manifests.apply(objects, stored)
    yield
    removal: Change | None = None
    with _noting_what_stays(request, manifests):
        try:
            removal = barrier.begin()
        finally:
            # Whatever keeps one from following the change, its objects must go.
            manifests.delete(applied, lambda: removal and removal.deleted(kept))


@contextmanager
def _noting_what_stays(request: pytest.FixtureRequest, manifests: "Manifests") -> Iterator[None]:
    """Take note of the objects that are left when a step fails, for the modules that come after."""
    try:
        yield
    except BaseException:
        if left := manifests.remains:
            of, names = request.node.nodeid, ", ".join(map(str, left))
            request.config.stash[LEFT] = f"objects of {of} are still in {manifests.namespace}: {names}"
        raise
