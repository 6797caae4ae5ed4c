"""A fixture for suites whose proxies share an allowance: the service that keeps it for all of them."""

from collections.abc import Mapping

import pytest
from kubernetes.client import ApiClient

from meshproof.cluster.model import Cluster
from meshproof.features.addons import RATE_LIMIT_IMAGES
from meshproof.manifests import wait_for
from meshproof.mesh.helm import Helm, Release
from meshproof.paths import paths
from meshproof.run import Run
from meshproof.separation import concerned, kept_services
from meshproof.traffic import Budgets
from meshproof.workloads import undeployed

NAME = "ratelimit"
"""Of the release, its chart and everything in it."""


@pytest.fixture(scope="session")
def rate_limit_service(
    request: pytest.FixtureRequest,
    cluster: Cluster,
    run: Run,
    images: Mapping[str, str],
    budgets: Budgets,
) -> None:
    """Deploy the service and its store into the run's namespace; they go with it."""
    helm = Helm(request.config.getoption("--meshproof-helm"), cluster.kubeconfig, cluster.context)
    deployed(cluster.api, run, helm, images, budgets)


def deployed(api: ApiClient, run: Run, helm: Helm, images: Mapping[str, str], budgets: Budgets) -> None:
    """Install the service and return once it answers.

    Args:
        api: the cluster's API server.
        run: into whose namespace; nobody else's proxies hear of it.
        helm: installs it.
        images: of the service and its store, among others.
        budgets: until it is there.
    """
    namespace = run.namespace
    values = {
        "images": {name: images[name] for name in RATE_LIMIT_IMAGES},
        "serviceAnnotations": kept_services(*concerned(run)),
    }
    helm.install(Release(NAME, paths().house / "charts" / NAME, namespace, values), wait=False)
    what = f"deploying the rate limit service into {namespace}"
    wait_for(lambda: undeployed(api, namespace, NAME), seconds=budgets.accept, what=what)
