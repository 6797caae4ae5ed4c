"""What a module of a suite says about itself: the behaviour that it proves and the manifest beside it."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import pytest

from meshproof.behaviours import CATALOGUE, FEATURES, Behaviour, lookup
from meshproof.errors import MeshproofError

MARKER = "behaviour"
BY_MANIFEST = "behaviour_of_module"
"""The fixture that applies a module's manifests; a test of one that knows several is run with each."""


ISTIO = "istio"
"""The word before a manifest's ending that says that it speaks through Istio's own API."""


@dataclass(frozen=True)
class Wanted:
    """One module's `behaviour` marker, or that of a test, which has one of the module's manifests.

    Args:
        id: the behaviour's id as it was written, perhaps unknown to the catalogue.
        manifests: the files with the objects that make it true, one for each API; empty when it needs none.
        module: the file that says so.
        needs: features that this module needs besides those of the behaviour.
        long: whether it takes some ten seconds however fast the machine, since it watches for so long.
        flaw: what is wrong with the marker itself, or None.
    """

    id: str
    manifests: tuple[Path, ...]
    module: Path
    needs: tuple[str, ...] = ()
    long: bool = False
    flaw: str | None = None

    @property
    def behaviour(self) -> Behaviour:
        """The catalogue's entry; of use once `check` has passed."""
        return CATALOGUE[self.id]

    @property
    def features(self) -> frozenset[str]:
        """What the mesh must offer for the behaviour to be tried in this way."""
        apis = {api_of(manifest) for manifest in self.manifests} - {ISTIO, ""}
        return self.behaviour.features | set(self.needs) | apis

    @property
    def api(self) -> str:
        """The API that a test goes through, when its module knows several; else empty."""
        return api_of(self.manifests[0]) if len(self.manifests) == 1 else ""

    def through(self, manifest: Path | None) -> Self:
        """Return what is wanted of a test that has this one of the manifests."""
        return self if manifest is None else replace(self, manifests=(manifest,))

    def to_apply(self, *, control: bool) -> Path | None:
        """Return the file to apply, or None when nothing is.

        A control run withholds the manifest, or applies its opposite when that lies beside it. What a mesh
        does of itself has only an opposite; an ordinary run applies nothing then.
        """
        paths = [opposite_of(manifest) if control else manifest for manifest in self.manifests]
        return next((path for path in paths if path.is_file()), None)


def opposite_of(manifest: Path) -> Path:
    """Return where the manifest's opposite lies, if it has one: `<stem>.control.yaml`."""
    return manifest.with_name(f"{manifest.stem}.control{manifest.suffix}")


def api_of(manifest: Path) -> str:
    """Return the API that a manifest speaks through, as its name says: `<stem>.gateway-api.yaml`."""
    return manifest.with_suffix("").suffix.removeprefix(".")


def wanted_by(node: pytest.Item | pytest.Collector) -> Wanted | None:
    """Return what the node's marker says, or None when it bears none."""
    mark = node.get_closest_marker(MARKER)
    if mark is None:
        return None
    params = node.callspec.params if isinstance(node, pytest.Function) and hasattr(node, "callspec") else {}
    manifest = params.get(BY_MANIFEST)
    return _read(mark, node).through(manifest if isinstance(manifest, Path) else None)


def _read(mark: pytest.Mark, node: pytest.Item | pytest.Collector) -> Wanted:
    given = mark.kwargs.get("manifests", ())
    names = (given,) if isinstance(given, str) else given
    needs = mark.kwargs.get("needs", ())
    long = mark.kwargs.get("long", False)
    unknown = sorted(mark.kwargs.keys() - {"manifests", "needs", "long"})
    module = node.getparent(pytest.Module)
    flaw = None
    if len(mark.args) != 1 or not isinstance(mark.args[0], str):
        flaw = "the marker takes the id of one behaviour"
    elif unknown:
        flaw = f"the marker takes manifests=, needs= and long=, and no {unknown[0]}="
    elif not _words(names):
        flaw = "the marker takes manifests=, a file name or a tuple of them"
    elif not _words(needs) or not set(needs) <= FEATURES.keys():
        flaw = "the marker takes needs=, a tuple of features as `meshproof behaviours` names them"
    elif not isinstance(long, bool):
        flaw = "the marker takes long=, True or False"
    elif (
        module is None
        or module.get_closest_marker(MARKER) is None
        or len(list(node.iter_markers(MARKER))) > 1
    ):
        flaw = "a module proves one behaviour: mark it once, with pytestmark"
    if flaw is not None:
        return Wanted("", (), node.path, flaw=flaw)
    return Wanted(mark.args[0], tuple(map(node.path.with_name, names)), node.path, tuple(needs), long)


def _words(given: object) -> bool:
    return isinstance(given, tuple) and all(isinstance(word, str) for word in given)


def check(wanted: Iterable[Wanted]) -> None:
    """Check every marker against the catalogue and the folder.

    Raises:
        pytest.UsageError: with one line per flaw.
    """
    flaws = [f"{_place(mark)}: {flaw}." for mark in dict.fromkeys(wanted) if (flaw := _flaw(mark))]
    if flaws:
        raise pytest.UsageError(*flaws)


def _flaw(mark: Wanted) -> str | None:
    if mark.flaw is not None:
        return mark.flaw
    try:
        lookup(mark.id)
    except MeshproofError as error:
        return f"{error.what}; {error.next_step}"
    for manifest in mark.manifests:
        opposite = opposite_of(manifest)
        if not (manifest.is_file() or opposite.is_file()):
            names = f"{manifest.name}, but neither it nor {opposite.name}"
            return f"{mark.id} names {names} lies beside the module"
        if api_of(manifest) not in {"", ISTIO, *FEATURES}:
            return (
                f"{manifest.name} speaks through {api_of(manifest)}, which is neither {ISTIO} nor a feature"
            )
    return None


def _place(mark: Wanted) -> str:
    here = Path.cwd()
    return str(mark.module.relative_to(here) if mark.module.is_relative_to(here) else mark.module)
