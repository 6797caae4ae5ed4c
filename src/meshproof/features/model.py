"""A feature of a mesh as it was found, and all of them together."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from meshproof.behaviours import check_overrides
from meshproof.errors import MeshproofError
from meshproof.results import FeatureFound

ASSUMED = "assumed with --assume"
EXEMPTED = "exempted with --exempt"


@dataclass(frozen=True)
class Found:
    """What a detector says.

    Args:
        offered: whether this mesh has what was looked for.
        found: how that was found out, a clause that stands after a colon.
        value: what it is, where there is more to say than yes or no: a version, a count.
    """

    offered: bool
    found: str
    value: str | None = None


@dataclass(frozen=True)
class Feature:
    """One thing that a behaviour may need.

    Args:
        name: as the catalogue names it.
        offered: whether this mesh has it.
        found: how that was found out, a clause that stands after a colon.
        broken: what kept that from being found out, or None; a mesh that has a feature which does not work
            is not one without it.
        value: what it is, where there is more to say than yes or no: a version, a count.
    """

    name: str
    offered: bool
    found: str
    broken: MeshproofError | None = None
    value: str | None = None


class Features:
    """The features that were looked for.

    Args:
        features: each once.
    """

    def __init__(self, features: Iterable[Feature]) -> None:
        self._by_name = {feature.name: feature for feature in features}

    def missing(self, needed: Iterable[str]) -> str | None:
        """Return why a behaviour that needs these features is not offered, or None when all are there.

        Raises:
            MeshproofError: one of them is there, as far as can be told, and does not work.
        """
        features = [self._by_name[name] for name in sorted(needed)]
        for feature in features:
            if (broken := feature.broken) is not None:
                raise MeshproofError(f"needs {feature.name}, but {broken.what}", broken.next_step)
        absent = [feature for feature in features if not feature.offered]
        if not absent:
            return None
        return "needs " + " and ".join(f"{feature.name} ({feature.found})" for feature in absent)

    def found(self) -> tuple[FeatureFound, ...]:
        """Return everything that was looked for as a report tells it, in the catalogue's order."""
        return tuple(
            FeatureFound(name=feature.name, offered=feature.offered, value=feature.value, found=feature.found)
            for feature in self._by_name.values()
        )

    def with_overrides(self, assume: Iterable[str] = (), exempt: Iterable[str] = ()) -> "Features":
        """Return the same features, but for those about which the user knows better.

        Args:
            assume: names of features to take as offered, whatever was found or could not be found out.
            exempt: names of features to take as absent: what needs them is not tried.

        Raises:
            MeshproofError: there is no feature of that name, or one is given both ways (exit code 64).
        """
        assumed, exempted = tuple(assume), tuple(exempt)
        check_overrides(assumed, exempted, self._by_name)
        said = dict.fromkeys(assumed, (True, ASSUMED)) | dict.fromkeys(exempted, (False, EXEMPTED))
        return Features(
            replace(feature, offered=said[name][0], found=said[name][1], broken=None, value=None)
            if name in said
            else feature
            for name, feature in self._by_name.items()
        )


def counted_as(number: int, noun: str) -> str:
    """Return number and noun as a sentence has them: `no zone`, `1 zone`, `2 zones`."""
    return f"{number or 'no'} {noun}{'s' if number > 1 else ''}"
