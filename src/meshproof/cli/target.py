"""Which cluster a command is about: one that was made here, or a context of a kubeconfig."""

from dataclasses import dataclass
from pathlib import Path

from meshproof.cluster import state
from meshproof.cluster.existing import existing
from meshproof.cluster.kind import Kind, way_to
from meshproof.cluster.model import Cluster
from meshproof.cluster.state import State
from meshproof.errors import ExitCode, MeshproofError
from meshproof.mesh.helm import Helm
from meshproof.paths import Paths
from meshproof.supply.choose import choose
from meshproof.supply.engine import Engine
from meshproof.supply.host import ready_engine
from meshproof.supply.model import Supplied


@dataclass(frozen=True)
class Where:
    """The cluster that the options mean.

    Args:
        name: a cluster that was made here; used when nothing else is given.
        context: a context of a kubeconfig.
        kubeconfig: the file.
        existing: whether it is the kubeconfig's current context, when none is named.
    """

    name: str
    context: str | None = None
    kubeconfig: Path | None = None
    existing: bool = False

    @property
    def foreign(self) -> bool:
        """Whether it is a cluster of a kubeconfig, as against one that was made here."""
        return self.existing or self.context is not None or self.kubeconfig is not None

    def made(self, paths: Paths) -> State:
        """Return what is remembered of the cluster that was made here.

        Raises:
            MeshproofError: there is none of this name.
        """
        found = state.load(paths, self.name)
        if found is None:
            raise MeshproofError(
                f"there is no cluster named {self.name} that meshproof made",
                "make it with `meshproof up`, or name a --context",
            )
        return found

    def cluster(self, paths: Paths) -> Cluster:
        """Return the way to the cluster, checked to answer; no container engine is asked.

        Raises:
            MeshproofError: there is no such cluster, or it does not answer.
        """
        if self.foreign:
            return existing(self.context, self.kubeconfig)
        cluster = way_to(paths, self.made(paths))
        cluster.version()
        return cluster


@dataclass(frozen=True)
class Target:
    """A cluster and what a command may install there.

    Args:
        house: the checkout.
        cluster: the way to it.
        supplied: images, charts and tools.
        engine: what holds the images, and the cluster when it was made here.
        made: what is remembered of the cluster; None when it was not made here.
    """

    house: Path
    cluster: Cluster
    supplied: Supplied
    engine: Engine
    made: State | None = None

    @property
    def helm(self) -> Helm:
        """Helm on this cluster."""
        return Helm(self.supplied.tools.helm, self.cluster.kubeconfig, self.cluster.context)


def find(paths: Paths, where: Where, supply: str) -> Target:
    """The cluster that the options mean, and what can be installed there.

    Args:
        paths: where state is.
        where: the cluster.
        supply: where images and tools come from.

    Raises:
        MeshproofError: there is no such cluster, or it does not answer.
    """
    if where.foreign:
        # Looked at before anything is built, so that a wrong name costs no time.
        cluster = where.cluster(paths)
        engine = ready_engine(paths)
        return Target(paths.house, cluster, choose(supply, paths).prepare(engine), engine)
    return made_here(paths, where.name, supply)


def made_here(paths: Paths, name: str, supply: str = "auto") -> Target:
    """A cluster that was made here.

    Args:
        paths: where state is.
        name: its name.
        supply: `auto`, or the one that it was made from.

    Raises:
        MeshproofError: there is none, it does not answer, or it was made from another supply.
    """
    made = Where(name).made(paths)
    if supply not in {"auto", made.supply}:
        raise MeshproofError(
            f"the cluster {name} was made from supply {made.supply}, not {supply}",
            "leave --supply out, or make the cluster anew",
            ExitCode.USAGE,
        )
    engine = ready_engine(paths, made.engine)
    cluster = Kind(paths, engine, name).cluster(made)
    cluster.version()
    supplied = choose("auto", paths, made.supply).prepare(engine)
    return Target(paths.house, cluster, supplied, engine, made)
