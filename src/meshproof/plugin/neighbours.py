"""A fixture for suites whose promise is about two namespaces: the run's own and one beside it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
import yaml
from kubernetes.client import ApiClient

from meshproof.cluster.model import Cluster
from meshproof.manifests import wait_for
from meshproof.mesh.helm import Helm, Release
from meshproof.paths import paths
from meshproof.plugin.fixtures import INJECTION
from meshproof.run import Run
from meshproof.separation import QUIET, kept_services
from meshproof.traffic import Budgets
from meshproof.traffic.probe import PodProxy, Probe
from meshproof.workloads import undeployed

NAME = "neighbour"
"""Of the one probe in the other namespace."""


@dataclass(frozen=True)
class Neighbour:
    """Who lives in the other namespace.

    Args:
        namespace: its name.
        probe: the one that runs there; its Service has its name.
    """

    namespace: str
    probe: Probe


@pytest.fixture(scope="session")
def neighbour(  # noqa: PLR0913, PLR0917 - all that it stands on
    request: pytest.FixtureRequest,
    api: ApiClient,
    cluster: Cluster,
    run: Run,
    images: Mapping[str, str],
    budgets: Budgets,
) -> Iterator[Neighbour]:
    """Make a second namespace with a probe, when the first test wants it; it goes with the run."""
    option = request.config.getoption
    labels = {} if option("meshproof_no_sidecars") else INJECTION
    helm = Helm(option("--meshproof-helm"), cluster.kubeconfig, cluster.context)
    with moved_in(api, run, labels, helm, images["probe"], budgets) as moved:
        yield moved


@contextmanager
def moved_in(  # noqa: PLR0913, PLR0917 - as above
    api: ApiClient, run: Run, labels: Mapping[str, str], helm: Helm, image: str, budgets: Budgets
) -> Iterator[Neighbour]:
    """Make the run's second namespace and a probe in it; ask for it to be deleted at the end.

    Args:
        api: the cluster's API server.
        run: whose it is.
        labels: of the namespace, those that make the mesh inject its proxies.
        helm: installs the probe.
        image: of the probe.
        budgets: until it is there, and for its calls.
    """
    run.create(api, labels, neighbour=True)
    try:
        chart = paths().house / "charts" / "probe"
        defaults = yaml.safe_load((chart / "values.yaml").read_text(encoding="utf-8"))
        helm.install(Release("probe", chart, run.neighbour, values_of(defaults, image, run)), wait=False)
        what = f"deploying into {run.neighbour}"
        wait_for(lambda: undeployed(api, run.neighbour, NAME), seconds=budgets.accept, what=what)
        yield Neighbour(run.neighbour, Probe(NAME, PodProxy(api, run.neighbour, NAME), budgets))
    finally:
        run.remove_neighbour(api)


def values_of(defaults: Mapping[str, Any], image: str, run: Run) -> dict[str, Any]:
    """Return the values that leave one probe of those that a chart has by itself.

    Args:
        defaults: the chart's own values.
        image: of the probe.
        run: whose proxies call it.
    """
    left_out = dict.fromkeys(defaults["probes"])
    probes = {**left_out, NAME: {"version": "v1", "sidecar": True}}
    return {
        "images": {"probe": image},
        "probes": probes,
        "podAnnotations": QUIET,
        "serviceAnnotations": kept_services(".", run.namespace),
    }
