"""A module of a suite gets its manifests, once and before its first test, and leaves none of them behind."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from meshproof.plugin.marks import wanted_by

if TYPE_CHECKING:
    from meshproof.features import Features
    from meshproof.manifests import Barrier, Manifests, Object, Propagated

PROPAGATION: "pytest.StashKey[Propagated]" = pytest.StashKey()
"""Where a module keeps how its manifests came to the proxies; absent when it has none."""


@pytest.fixture(scope="module", autouse=True)
def behaviour_of_module(request: pytest.FixtureRequest) -> Iterator[None]:
    """Skip a module whose behaviour the mesh does not offer; else apply its manifests, and delete them after.

    In a control run the manifests are withheld, or their opposite is applied. Tests begin once the proxies
    have what was applied, and those of the next module once they have lost it.
    """
    wanted = wanted_by(request.node)
    if wanted is None:
        yield
        return
    features: Features = request.getfixturevalue("features")
    reason = features.missing(wanted.behaviour.features)
    if reason is not None:
        pytest.skip(reason)
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

    applied = manifests.apply(objects, stored)
    yield
    removal = barrier.begin()
    manifests.delete(applied, lambda: removal.deleted(kept))
