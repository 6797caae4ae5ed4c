"""Pods are replaced while readers are at it, and none of them notices."""

import logging
from collections.abc import Callable
from dataclasses import replace

import pytest
from shops import REVIEWS_V3, Load, Shop

from meshproof.traffic.probe import Probe

# Beside tests that end nodes and make clusters, with 47 threads waiting for two cores, calls took seconds.
pytestmark = pytest.mark.alone
log = logging.getLogger(__name__)
AT_LEAST = 50
"""Calls in a second, all in all."""
RATE = 60
"""Calls in a second within a batch: between two batches there is a pause."""
RESTARTS = 20
PATHS = {
    "productpage": "/productpage",
    "details": "/details/0",
    "reviews": "/reviews/0",
    "ratings": "/ratings/0",
}
DEPLOYMENTS = {
    "productpage": "productpage-v1",
    "details": "details-v1",
    "reviews": "reviews-v3",
    "ratings": "ratings-v1",
}
PATIENCE = 20
"""Seconds, of the callers and of reviews alike. A request fails when it is refused, reset or answered with an
error; what a busy machine answers late has not failed, and reviews v3 would give up on stars after 2.5 s."""
_VERSIONS = REVIEWS_V3["reviews"]["versions"] | {"v3": {"env": {"RATINGS_TIMEOUT": str(PATIENCE)}}}
PATIENT = {"reviews": {"versions": _VERSIONS}}
FLAWS = {"unavailable": "a part was unavailable"}


@pytest.fixture(scope="module")
def shop(demo, helm, namespace) -> Shop:
    found = Shop(demo, helm, namespace("drain"))
    # One pod behind each name: whoever replaces it replaces all.
    found.install(services=PATIENT)
    return found


@pytest.fixture(scope="module")
def probe(shop) -> Probe:
    return shop.install_probe()


@pytest.fixture
def restarted(shop, probe) -> Callable[[str, int], Load]:
    """Restart a service again and again under load, and return the load."""

    def run(service: str, times: int) -> Load:
        call = replace(probe.get(f"http://{service}:9080{PATHS[service]}"), timeout=PATIENCE)
        load = Load(call, RATE)
        with load.running():
            taken = [shop.restart(DEPLOYMENTS[service]) for _ in range(times)]
        each = ", ".join(f"{seconds:.1f}" for seconds in taken)
        log.info("%s: %d calls in %.0f s; restarts took %s s", service, len(load.replies), load.seconds, each)
        return load

    return run


def test_20_rolling_restarts_of_reviews_fail_no_request(restarted):
    load = restarted("reviews", RESTARTS)
    assert load.wrong(FLAWS) == []
    assert len(load.pods()) == RESTARTS + 1
    assert len(load.replies) >= AT_LEAST * load.seconds


@pytest.mark.parametrize("service", ["productpage", "ratings", "details"])
def test_rolling_restarts_of_the_others_fail_no_request(restarted, service):
    load = restarted(service, 2)
    assert load.wrong(FLAWS) == []
    assert len(load.pods()) == 3


def test_control_without_drain_and_grace_requests_fail(shop, restarted):
    shop.install(services=PATIENT, drainSeconds=0, terminationGracePeriodSeconds=0)
    load = restarted("reviews", 5)
    wrong = load.wrong(FLAWS)
    log.info("%d of %d calls failed: %s", len(wrong), len(load.replies), sorted(set(wrong)))
    assert wrong
