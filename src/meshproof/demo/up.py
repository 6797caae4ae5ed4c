"""From nothing to a demo that answers, and from a healthy demo to itself."""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from meshproof.cluster import state
from meshproof.cluster.kind import Kind
from meshproof.cluster.model import Cluster
from meshproof.cluster.state import State
from meshproof.console import phase, say
from meshproof.demo.shop import SHOP, Shop, answers, deployments_ready
from meshproof.mesh.helm import Helm
from meshproof.mesh.istio import INGRESS, SYSTEM, Istio
from meshproof.observe import NAMESPACE as OBSERVABILITY
from meshproof.paths import Paths
from meshproof.process import Stopwatch
from meshproof.supply.choose import choose
from meshproof.supply.host import ready_engine
from meshproof.supply.model import Supplied
from meshproof.supply.recipe import inputs

NAMESPACES = (SYSTEM, INGRESS, OBSERVABILITY, SHOP)


@dataclass(frozen=True)
class Demo:
    """A demo that runs.

    Args:
        made: its cluster's state.
        cluster: the way to it.
        supplied: what it is made from.
        changed: whether anything was made or changed just now.
        times: seconds of each phase of this call, by name.
    """

    made: State
    cluster: Cluster
    supplied: Supplied
    changed: bool
    times: dict[str, float] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Where the shop is, seen from this host."""
        return f"http://localhost:{self.made.gateway_port}"


@dataclass(frozen=True)
class Wanted:
    """How the demo should be.

    Args:
        port: of this host; any when None.
        profile: a set of values.
        key: the fingerprint to remember once it is complete.
        times: where the seconds of each phase are kept.
    """

    port: int | None
    profile: str
    key: str
    times: dict[str, float]


def fingerprint(house: Path, supplied: Supplied, profile: str) -> str:
    """A key that changes when anything that the demo is made from changes."""
    digest = hashlib.sha256(
        f"{profile}\0{supplied.istio_version}\0{supplied.charts}\0{supplied.gateway_api}".encode()
    )
    for name, image in sorted(supplied.images.items()):
        digest.update(f"{name}={image}\0".encode())
    for file in inputs(house / "charts"):
        digest.update(f"{file.relative_to(house)}\0".encode() + file.read_bytes())
    return digest.hexdigest()[:16]


def is_healthy(kind: Kind, supplied: Supplied, wanted: str) -> State | None:
    """The state of a demo that is complete, made from this, and answers; None otherwise."""
    made = kind.healthy(supplied.node_image)
    if made is None or made.fingerprint != wanted:
        return None
    cluster = kind.cluster(made)
    good = deployments_ready(cluster, NAMESPACES) and answers(f"http://localhost:{made.gateway_port}")
    return made if good else None


def up(paths: Paths, name: str, *, port: int | None, supply: str, profile: str) -> Demo:
    """Bring the demo up; on a healthy one nothing is changed.

    Args:
        paths: where state and caches are.
        name: the cluster's name.
        port: of this host, for the gateway; the first free one when None.
        supply: `auto`, `registry` or `packages`.
        profile: a set of values under charts/mesh/.

    Raises:
        MeshproofError: whatever stood in the way, in one sentence.
    """
    watch = Stopwatch()
    times: dict[str, float] = {}
    made = state.load(paths, name)
    engine = ready_engine(paths, made.engine if made else None)
    kind = Kind(paths, engine, name)
    kind.check(port)
    with phase("look up images and tools", times):
        supplied = choose(supply, paths, made.supply if made else None).prepare(engine)
    key = fingerprint(paths.house, supplied, profile)
    if made := is_healthy(kind, supplied, key):
        say(f"The demo is up and healthy: nothing was changed ({watch.seconds:.1f} s).")
        return Demo(made, kind.cluster(made), supplied, changed=False, times=times)
    made = _build(kind, supplied, Wanted(port, profile, key, times))
    say(f"The demo is up ({watch.seconds:.0f} s).")
    return Demo(made, kind.cluster(made), supplied, changed=True, times=times)


def _build(kind: Kind, supplied: Supplied, wanted: Wanted) -> State:
    times, house = wanted.times, kind.paths.house
    with phase(f"create the cluster {kind.name} with kind on {kind.engine.name}", times):
        made = kind.ensure(supplied, wanted.port)
    with phase("load images into the node", times):
        made = kind.load(made, supplied)
    with phase("wait for the node", times):
        made = kind.wait_ready(made)
    cluster = kind.cluster(made)
    helm = Helm(supplied.tools.helm, cluster.kubeconfig, cluster.context)
    shop = Shop(house, cluster)
    istio = Istio(house, cluster, helm, wanted.profile)
    istio.install_control_plane(supplied, times)
    with phase("deploy the gateway, telemetry, Bookinfo, Prometheus and Jaeger", times):
        shop.make_namespaces()
        helm.ensure(*istio.data_plane(supplied), *shop.releases(supplied))
    with phase("wait for the page through the gateway", times):
        shop.wait_answering(f"http://localhost:{made.gateway_port}")
    return state.save(
        kind.paths, made.model_copy(update={"fingerprint": wanted.key, "profile": wanted.profile})
    )
