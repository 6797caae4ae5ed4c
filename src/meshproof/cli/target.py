"""Which cluster a command is about: one that was made here, or a context of a kubeconfig."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from meshproof.cluster import state
from meshproof.cluster.existing import existing
from meshproof.cluster.kind import Kind
from meshproof.cluster.model import Cluster
from meshproof.errors import ExitCode, MeshproofError
from meshproof.mesh.helm import Helm
from meshproof.paths import Paths
from meshproof.supply.choose import choose
from meshproof.supply.host import ready_engine
from meshproof.supply.model import Supplied


@dataclass(frozen=True)
class Target:
    """A cluster and what a command may install there.

    Args:
        house: the checkout.
        cluster: the way to it.
        supplied: images, charts and tools.
        facts: what the cluster does not tell of itself, for the report.
    """

    house: Path
    cluster: Cluster
    supplied: Supplied
    facts: Mapping[str, str] = field(default_factory=dict)

    @property
    def helm(self) -> Helm:
        """Helm on this cluster."""
        return Helm(self.supplied.tools.helm, self.cluster.kubeconfig, self.cluster.context)


def find(paths: Paths, name: str, context: str | None, kubeconfig: Path | None, supply: str) -> Target:
    """The cluster that the options mean.

    Args:
        paths: where state is.
        name: a cluster that was made here; used when neither context nor kubeconfig is given.
        context: a context of a kubeconfig.
        kubeconfig: the file.
        supply: where images and tools come from.

    Raises:
        MeshproofError: there is no such cluster, or it does not answer.
    """
    if context is not None or kubeconfig is not None:
        # Looked at before anything is built, so that a wrong name costs no time.
        cluster = existing(context, kubeconfig)
        return Target(paths.house, cluster, choose(supply, paths).prepare(ready_engine(paths)))
    return made_here(paths, name, supply)


def made_here(paths: Paths, name: str, supply: str = "auto") -> Target:
    """A cluster that was made here.

    Args:
        paths: where state is.
        name: its name.
        supply: `auto`, or the one that it was made from.

    Raises:
        MeshproofError: there is none, it does not answer, or it was made from another supply.
    """
    made = state.load(paths, name)
    if made is None:
        raise MeshproofError(
            f"there is no cluster named {name} that meshproof made",
            "make it with `meshproof up`, or name a --context",
        )
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
    facts = {
        "supply": supplied.supply,
        "cluster": f"kind on {engine.name}",
        "profile": made.profile,
        "proxy_build": supplied.proxy.value,
    }
    return Target(paths.house, cluster, supplied, facts)
