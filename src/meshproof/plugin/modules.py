"""A module of a suite gets its manifests, once and before its first test, and leaves none of them behind."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from meshproof.errors import MeshproofError
from meshproof.plugin.marks import wanted_by

if TYPE_CHECKING:
    from meshproof.features import Features
    from meshproof.manifests import Barrier, Manifests, Object, Propagated
    from meshproof.traffic.budgets import Budgets

PROPAGATION: "pytest.StashKey[Propagated]" = pytest.StashKey()
"""Where a module keeps how its manifests came to the proxies; absent when it has none."""
SETTLED = pytest.StashKey["Settled | None"]()
"""Where a process keeps that the last change has settled; None when that was not seen."""
LEAVING = pytest.StashKey["tuple[Object, ...]"]()
"""Where a process keeps the configuration that it deleted and has not seen the proxies lose, if any."""
LEFT = pytest.StashKey[str]()
"""Where a process keeps what a module has left in its namespace, a clause; absent when nothing is."""


@dataclass(frozen=True)
class Settled:
    """A change of which nothing is on its way any more.

    Args:
        took: seconds until it was everywhere.
        at: when that was, on the clock that never runs backwards.
    """

    took: float
    at: float


@pytest.fixture(scope="module")
def groundwork() -> None:
    """Make nothing. A module overrides it when its manifests stand on something, such as a Secret."""


@pytest.fixture(scope="module", autouse=True)
def behaviour_of_module(request: pytest.FixtureRequest) -> Iterator[None]:
    """Skip a module whose behaviour the mesh does not offer; else apply its manifests, and delete them after.

    A module that knows several APIs has its manifests one after the other: each is this fixture's parameter.
    In a control run the manifests are withheld, or their opposite is applied. Tests begin once the proxies
    have what was applied and have lost what the module before had applied: both are waited for together.
    Where they could not be deleted, nothing is judged any more in this process's namespace.
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
    request.getfixturevalue("groundwork")
    path = wanted.to_apply(control=request.config.getoption("meshproof_control"))
    if path is None:
        _settle(request)
        yield
        return
    # Imported only here: the client of the API server has no part in a run that proves no behaviour.
    from meshproof.manifests import of_mesh, read  # noqa: PLC0415

    manifests: Manifests = request.getfixturevalue("manifests")
    barrier: Barrier = request.getfixturevalue("barrier")
    objects = read(path, request.getfixturevalue("tokens"))
    kept: tuple[Object, ...] = ()
    change = barrier.begin()

    def stored(as_stored: tuple["Object", ...]) -> None:
        nonlocal kept
        kept = tuple(obj for obj in as_stored if of_mesh(obj))
        leaving = request.config.stash.get(LEAVING, ())
        followed = request.node.stash[PROPAGATION] = change.applied(as_stored, leaving)
        _take_note(request.config, followed)

    with _noting_what_stays(request, manifests):
        applied = manifests.apply(objects, stored)
    yield
    unsettle(request.config)
    request.config.stash[LEAVING] = (*request.config.stash.get(LEAVING, ()), *kept)
    with _noting_what_stays(request, manifests):
        manifests.delete(applied)


def unsettle(config: pytest.Config) -> None:
    """Take note that something was made of which nobody has seen that it settled."""
    if SETTLED in config.stash:
        del config.stash[SETTLED]


def _settle(request: pytest.FixtureRequest) -> None:
    """See to it that what was there before a module without manifests is on its way no more."""
    config = request.config
    leaving = config.stash.get(LEAVING, ())
    known = config.stash.get(SETTLED, None) is not None
    if leaving:
        _take_note(config, request.getfixturevalue("barrier").begin().deleted(leaving))
    elif config.getoption("meshproof_control") and not known:
        # The shop has been made just now, for instance, or pods of the module before have gone.
        _take_note(config, request.getfixturevalue("barrier").begin().none())


def _take_note(config: pytest.Config, followed: "Propagated") -> None:
    """Take note that a change was followed, and with it what was leaving."""
    config.stash[LEAVING] = ()
    config.stash[SETTLED] = _settled(followed)


def _settled(change: "Propagated") -> Settled | None:
    """Return that a change has settled just now; None when that was not seen."""
    if not change.settled:
        return None
    return Settled(change.found.acknowledged or 0.0, time.monotonic())


def patience(config: pytest.Config, budgets: "Budgets") -> float:
    """Return how soon, in seconds, a miss ends an expectation that is not thought to be met, from now on."""
    last = config.stash.get(SETTLED, None)
    if last is None:
        return budgets.patience(None)
    return budgets.patience(last.took, time.monotonic() - last.at)


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
