"""Fixtures for suites: the run, what its mesh offers, and whoever sends calls or watches them.

A suite's conftest brings them in with `pytest_plugins = ["meshproof.plugin.fixtures"]` and itself provides
`cluster` (a meshproof.cluster.model.Cluster), `mesh` (the version of its control plane), `deployed` (the
probes and a gateway in the run's namespace) and `bookinfo` (the shop beside them: a Shop).
"""

import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import pytest
import yaml
from kubernetes.client import ApiClient

from meshproof.cluster.model import Cluster
from meshproof.diagnose import KubernetesScene
from meshproof.emptying import hurry
from meshproof.errors import ExitCode, MeshproofError
from meshproof.features import Features, Surroundings, detect
from meshproof.manifests import Barrier, Manifests, dynamic
from meshproof.observe.access_log import AccessLog
from meshproof.observe.counters import Counters
from meshproof.observe.istiod import ControlPlane
from meshproof.observe.jaeger import Jaeger
from meshproof.observe.known_hosts import KnownHosts
from meshproof.observe.prometheus import Prometheus
from meshproof.plugin.diagnostics import SCENE
from meshproof.plugin.environment import describe
from meshproof.plugin.marks import wanted_by
from meshproof.plugin.modules import patience
from meshproof.plugin.record import EVIDENCE
from meshproof.plugin.recorder import Place
from meshproof.plugin.verdicts import RECORDER, RUN_ID
from meshproof.plugin.waits import waits_of
from meshproof.results import KNOWN_FAILURE, EnvironmentRecord
from meshproof.run import Run
from meshproof.separation import kept_to
from meshproof.traffic import Budgets, Expect
from meshproof.traffic.outside import Outside
from meshproof.traffic.probe import WORKLOAD_LABEL, PodProxy, Probe
from meshproof.workloads import Curl, Pod, pods_of

IMAGES = ("productpage", "details", "reviews", "ratings", "probe")
"""The images that a run deploys, as the file of --meshproof-images names them."""

FURTHER_IMAGES = ("ratelimit", "valkey")
"""Those that only some behaviours need: a file may do without them."""

INJECTION = {"istio-injection": "enabled"}


@dataclass(frozen=True)
class Shop:
    """Bookinfo behind the run's gateway, as a run has deployed it.

    Args:
        ingress: the gateway's URL from this machine; None when the mesh offers no ingress.
        host: the host under which the gateway serves the shop.
    """

    ingress: str | None
    host: str


@pytest.fixture(scope="session")
def api(cluster: Cluster) -> ApiClient:
    """Return the client of the cluster's API server."""
    return cluster.api


@pytest.fixture(scope="session")
def images(request: pytest.FixtureRequest) -> Mapping[str, str]:
    """Return the reference of each image that a run deploys."""
    path = request.config.getoption("meshproof_images")
    if path is None:
        raise MeshproofError(
            "no file with images was given", "name one with --meshproof-images", ExitCode.USAGE
        )
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
        further = tuple(name for name in FURTHER_IMAGES if name in found)
        return {name: str(found[name]) for name in (*IMAGES, *further)}
    except (OSError, yaml.YAMLError, TypeError, KeyError) as error:
        raise MeshproofError(
            f"the images in {path} cannot be read ({type(error).__name__}: {error})",
            f"write there a mapping with {', '.join(IMAGES)}",
            ExitCode.USAGE,
        ) from error


@pytest.fixture(scope="session")
def features(request: pytest.FixtureRequest, cluster: Cluster, mesh: str) -> Features:
    """Return what this mesh offers, but for what the user knows better."""
    option = request.config.getoption
    given = option("meshproof_images") is not None
    images = frozenset(request.getfixturevalue("images")) if given else frozenset()
    detected = detect(Surroundings(cluster.api, option("meshproof_charts"), images))
    found = detected.with_overrides(option("meshproof_assume"), option("meshproof_exempt"))
    # Every verdict needs the features, so none is recorded before it is known of which mesh it is.
    facts = option("meshproof_fact")
    environment = describe(cluster, None, istio=mesh, facts=facts, features=found.found())
    request.config.stash[RECORDER].take(EnvironmentRecord(environment=environment))
    return found


@pytest.fixture(scope="session")
def run(
    request: pytest.FixtureRequest,
    cluster: Cluster,
    budgets: Budgets,
    mesh: str,  # noqa: ARG001 - nothing is made before a mesh answers
) -> Iterator[Run]:
    """Make the run's own namespace, or that of its worker; remove it with everything in it."""
    config, api = request.config, cluster.api
    this = Run(config.stash[RUN_ID])
    config.stash[RECORDER].opened(this.id, Place.of(cluster))
    this.create(api, {} if config.getoption("meshproof_no_sidecars") else INJECTION)
    config.stash[SCENE] = KubernetesScene(api, this.namespace)
    yield this
    del config.stash[SCENE]
    # Two dozen pods that go at once take the machine for seconds, which others may be measuring.
    config.stash[RECORDER].wait_for_others(request.session)
    this.remove(api, seconds=budgets.remove)
    config.stash[RECORDER].removed(this.id)


@pytest.fixture(scope="session")
def tokens(run: Run, images: Mapping[str, str]) -> Mapping[str, str]:
    """Return what the tokens of a manifest stand for."""
    return {
        "run": run.id,
        "namespace": run.namespace,
        **{f"images.{name}": reference for name, reference in images.items()},
    }


@pytest.fixture(scope="session")
def manifests(request: pytest.FixtureRequest, api: ApiClient, run: Run, budgets: Budgets) -> Manifests:
    """Return what applies objects to the run's namespace."""
    waited = waits_of(request.config).note
    return Manifests(
        dynamic(api),
        run.namespace,
        run.labels,
        seconds=budgets.accept,
        dress=partial(kept_to, run),
        hurry=partial(hurry, api, run.namespace),
        waited=waited,
    )


@pytest.fixture(scope="session")
def barrier(request: pytest.FixtureRequest, api: ApiClient, run: Run, budgets: Budgets) -> Iterator[Barrier]:
    """Return what waits until the run's proxies have what was applied."""
    control_plane = ControlPlane.in_cluster(api)
    waited = waits_of(request.config).note
    yield Barrier(control_plane, run.namespace, seconds=budgets.acknowledge, waited=waited)
    control_plane.close()


@pytest.fixture(scope="session")
def budgets(request: pytest.FixtureRequest) -> Budgets:
    """Return the table of budgets.

    A control run has its own: it waits in vain each time. What was asked for by name holds there too.
    """
    table = Budgets.from_environment()
    if request.config.getoption("meshproof_control"):
        table = table.of_control()
    return table.with_overrides(request.config.getoption("meshproof_budget"))


@pytest.fixture
def expect(request: pytest.FixtureRequest, budgets: Budgets) -> Expect:
    """Return what judges; the evidence of each expectation goes to the test's record.

    What is not thought to be kept is not waited for to the end: in a control run no longer than changes take;
    of a known failure as long as where nobody saw a change settle, because it may hold through another API.
    """
    option = request.config.getoption
    wanted = wanted_by(request.node)
    known = wanted is not None and wanted.id in option(KNOWN_FAILURE)
    give_up = budgets.patience(None) if known else None
    if option("meshproof_control"):
        give_up = patience(request.config, budgets)
    record = request.node.stash.setdefault(EVIDENCE, []).append
    return Expect(budgets, recorder=record, give_up=give_up)


@pytest.fixture(scope="session")
def probes(api: ApiClient, run: Run, budgets: Budgets, deployed: None) -> Callable[[str], Probe]:  # noqa: ARG001 - the probes are deployed
    """Return what finds a probe by its name."""
    return lambda name: Probe(name, PodProxy(api, run.namespace, name), budgets)


@pytest.fixture(scope="session")
def probe(probes: Callable[[str], Probe]) -> Probe:
    """Return the probe that sends from inside the mesh."""
    return probes("probe-a")


@pytest.fixture(scope="session")
def plain_probe(probes: Callable[[str], Probe]) -> Probe:
    """Return the probe that has no sidecar, and so speaks plaintext."""
    return probes("probe-plain")


@pytest.fixture  # not the session's: whether there is an ingress is asked first, module by module
def outside(bookinfo: Shop, budgets: Budgets) -> Outside:
    """Return this machine as a sender of calls through the run's gateway."""
    if bookinfo.ingress is None:
        raise MeshproofError(
            "the run's gateway cannot be reached from this machine",
            "give its Service an address that this machine reaches",
        )
    return Outside(bookinfo.ingress, bookinfo.host, budgets)


@pytest.fixture(scope="session")
def known_hosts(api: ApiClient, run: Run, budgets: Budgets) -> Callable[[str], KnownHosts]:
    """Return what tells which Services the configuration of a workload's proxies names."""
    return lambda workload: KnownHosts(
        api, run.namespace, f"{WORKLOAD_LABEL}={workload}", seconds=budgets.observe
    )


@pytest.fixture(scope="session")
def ratings(api: ApiClient, run: Run, budgets: Budgets, bookinfo: Shop) -> Curl:  # noqa: ARG001 - ratings come with it
    """Return the ratings container as a sender of calls, with the curl that it has."""
    return Curl(api, run.namespace, "ratings", budgets)


@pytest.fixture(scope="session")
def pods(api: ApiClient, run: Run) -> Callable[[str], tuple[Pod, ...]]:
    """Return what lists the run's pods of an app."""
    return partial(pods_of, api, run.namespace)


@pytest.fixture
def key() -> str:
    """Return a word of the test's own, to put into a path: logs and counts tell its calls apart by it."""
    return secrets.token_hex(8)


@pytest.fixture
def access_log(api: ApiClient, run: Run) -> Callable[[str], AccessLog]:
    """Return what reads the log that a workload's proxies have written since the test began."""
    began = time.monotonic()
    return lambda workload: AccessLog(api, run.namespace, f"{WORKLOAD_LABEL}={workload}", began)


@pytest.fixture(scope="session")
def counters(api: ApiClient, run: Run) -> Callable[[str], Counters]:
    """Return what reads the counters that a workload's proxies keep."""
    return lambda workload: Counters(api, run.namespace, f"{WORKLOAD_LABEL}={workload}")


@pytest.fixture(scope="session")
def prometheus(api: ApiClient) -> Prometheus:
    """Return the client of the mesh's metrics."""
    return Prometheus.in_cluster(api)


@pytest.fixture(scope="session")
def jaeger(api: ApiClient) -> Jaeger:
    """Return the client of the mesh's traces."""
    return Jaeger.in_cluster(api)
