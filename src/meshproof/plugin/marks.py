"""What a module of a suite says about itself: the behaviour that it proves and the manifest beside it."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest

from meshproof.behaviours import CATALOGUE, Behaviour, lookup
from meshproof.errors import MeshproofError

MARKER = "behaviour"


@dataclass(frozen=True)
class Wanted:
    """One module's `behaviour` marker.

    Args:
        id: the behaviour's id as it was written, perhaps unknown to the catalogue.
        manifest: the file with the objects that make it true, or None when it needs none.
        module: the file that says so.
        flaw: what is wrong with the marker itself, or None.
    """

    id: str
    manifest: Path | None
    module: Path
    flaw: str | None = None

    @property
    def behaviour(self) -> Behaviour:
        """The catalogue's entry; of use once `check` has passed."""
        return CATALOGUE[self.id]

    @property
    def opposite(self) -> Path | None:
        """Where the manifest's opposite lies, if it has one: `<stem>.control.yaml`."""
        return self.manifest and self.manifest.with_name(
            f"{self.manifest.stem}.control{self.manifest.suffix}"
        )

    def to_apply(self, *, control: bool) -> Path | None:
        """Return the file to apply, or None when nothing is.

        A control run withholds the manifest, or applies its opposite when that lies beside it. What a mesh
        does of itself has only an opposite; an ordinary run applies nothing then.
        """
        path = self.opposite if control else self.manifest
        return path if path is not None and path.is_file() else None


def wanted_by(node: pytest.Item | pytest.Collector) -> Wanted | None:
    """Return what the node's marker says, or None when it bears none."""
    mark = node.get_closest_marker(MARKER)
    return None if mark is None else _read(mark, node)


def _read(mark: pytest.Mark, node: pytest.Item | pytest.Collector) -> Wanted:
    manifests = mark.kwargs.get("manifests")
    unknown = sorted(mark.kwargs.keys() - {"manifests"})
    module = node.getparent(pytest.Module)
    flaw = None
    if len(mark.args) != 1 or not isinstance(mark.args[0], str):
        flaw = "the marker takes the id of one behaviour"
    elif unknown or not isinstance(manifests, str | None):
        flaw = f"the marker takes manifests=, a file name{f', and no {unknown[0]}=' if unknown else ''}"
    elif (
        module is None
        or module.get_closest_marker(MARKER) is None
        or len(list(node.iter_markers(MARKER))) > 1
    ):
        flaw = "a module proves one behaviour: mark it once, with pytestmark"
    if flaw is not None:
        return Wanted("", None, node.path, flaw)
    return Wanted(mark.args[0], node.path.with_name(manifests) if manifests else None, node.path)


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
    if mark.manifest and mark.opposite and not (mark.manifest.is_file() or mark.opposite.is_file()):
        names = f"{mark.manifest.name}, but neither it nor {mark.opposite.name}"
        return f"{mark.id} names {names} lies beside the module"
    return None


def _place(mark: Wanted) -> str:
    here = Path.cwd()
    return str(mark.module.relative_to(here) if mark.module.is_relative_to(here) else mark.module)
