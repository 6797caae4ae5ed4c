"""A module of a suite gets its manifests, once and before its first test, and leaves none of them behind."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from meshproof.plugin.marks import wanted_by

if TYPE_CHECKING:
    from meshproof.features import Features
    from meshproof.manifests import Manifests


@pytest.fixture(scope="module", autouse=True)
def behaviour_of_module(request: pytest.FixtureRequest) -> Iterator[None]:
    """Skip a module whose behaviour the mesh does not offer; else apply its manifests, and delete them after.

    In a control run the manifests are withheld, or their opposite is applied.
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
    applied = manifests.apply(read(path, request.getfixturevalue("tokens")))
    yield
    manifests.delete(applied)
