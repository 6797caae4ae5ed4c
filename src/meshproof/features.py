"""What this mesh offers, found out by asking the cluster."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from kubernetes.client import ApiClient

from meshproof.errors import MeshproofError
from meshproof.observe.jaeger import Jaeger
from meshproof.observe.prometheus import Prometheus
from meshproof.observe.service_proxy import NoSuchService


@dataclass(frozen=True)
class Feature:
    """One thing that a behaviour may need.

    Args:
        name: as the catalogue names it.
        offered: whether this mesh has it.
        found: how that was found out, a clause that stands after a colon.
        broken: what kept that from being found out, or None; a mesh that has a feature which does not work
            is not one without it.
    """

    name: str
    offered: bool
    found: str
    broken: MeshproofError | None = None


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
    except NoSuchService as error:
        return Feature(name, offered=False, found=error.what)
    except MeshproofError as error:
        return Feature(name, offered=False, found=error.what, broken=error)
    except (LookupError, TypeError, AttributeError, ValueError) as error:
        # JSON that is none of its own: something else answers under its name.
        cause = MeshproofError(
            f"what answers as its service does not speak its language ({type(error).__name__}: {error})",
            "look at what the service leads to",
        )
        return Feature(name, offered=False, found=cause.what, broken=cause)
    return Feature(name, offered=True, found="it answers")


def _ingress(around: Surroundings) -> Feature:
    if around.charts is None:
        return Feature("ingress", offered=False, found="no charts were given with --meshproof-charts")
    return Feature("ingress", offered=True, found=f"the run installs its own gateway from {around.charts}")


DETECTORS: Mapping[str, Callable[[Surroundings], Feature]] = MappingProxyType(
    {"prometheus": _prometheus, "tracing": _tracing, "ingress": _ingress}
)
"""How each feature is looked for, by its name in the catalogue."""
