"""What this mesh offers, found out by asking the cluster."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from kubernetes.client import ApiClient

from meshproof.errors import MeshproofError
from meshproof.observe.jaeger import Jaeger
from meshproof.observe.prometheus import Prometheus


@dataclass(frozen=True)
class Feature:
    """One thing that a behaviour may need.

    Args:
        name: as the catalogue names it.
        offered: whether this mesh has it.
        found: how that was found out, a clause that stands after a colon.
    """

    name: str
    offered: bool
    found: str


@dataclass(frozen=True)
class Surroundings:
    """Where features are looked for.

    Args:
        api: the cluster's API server.
        charts: folder or repository of Istio's charts, or None when none was given.
    """

    api: ApiClient
    charts: str | None


class Features:
    """The features that were looked for.

    Args:
        features: each once.
    """

    def __init__(self, features: Iterable[Feature]) -> None:
        self._by_name = {feature.name: feature for feature in features}

    def missing(self, needed: Iterable[str]) -> str | None:
        """Return why a behaviour that needs these features is not offered, or None when all are there."""
        absent = [self._by_name[name] for name in sorted(needed) if not self._by_name[name].offered]
        if not absent:
            return None
        return "needs " + " and ".join(f"{feature.name} ({feature.found})" for feature in absent)


def detect(around: Surroundings) -> Features:
    """Look for every feature that the catalogue knows."""
    return Features(look(around) for look in DETECTORS.values())


def _prometheus(around: Surroundings) -> Feature:
    return _answering("prometheus", lambda: Prometheus.in_cluster(around.api).query("1"))


def _tracing(around: Surroundings) -> Feature:
    return _answering("tracing", Jaeger.in_cluster(around.api).services)


def _answering(name: str, ask: Callable[[], object]) -> Feature:
    try:
        ask()
    except MeshproofError as error:
        return Feature(name, offered=False, found=error.what)
    return Feature(name, offered=True, found="it answers")


def _ingress(around: Surroundings) -> Feature:
    if around.charts is None:
        return Feature("ingress", offered=False, found="no charts were given with --meshproof-charts")
    return Feature("ingress", offered=True, found=f"the run installs its own gateway from {around.charts}")


DETECTORS: Mapping[str, Callable[[Surroundings], Feature]] = MappingProxyType(
    {"prometheus": _prometheus, "tracing": _tracing, "ingress": _ingress}
)
"""How each feature is looked for, by its name in the catalogue."""
