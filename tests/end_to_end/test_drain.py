"""Pods are replaced while readers are at it, and none of them notices."""

import logging
from collections.abc import Callable

import pytest
from shops import REVIEWS_V3, Load, Shop

from meshproof.traffic.probe import Probe

# A request that fails here is one that nobody served. Beside tests that end nodes and make clusters it may as
# well be one that nobody had the time for: with 47 threads in the queue of two cores, stars came too late.
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
FLAWS = {"unavailable": "a part was unavailable"}


@pytest.fixture(scope="module")
def shop(demo, helm, namespace) -> Shop:
    found = Shop(demo, helm, namespace("drain"))
    # One pod behind each name: whoever replaces it replaces all.
    found.install(services=REVIEWS_V3)
    return found


@pytest.fixture(scope="module")
def probe(shop) -> Probe:
    return shop.install_probe()


@pytest.fixture
def restarted(shop, probe) -> Callable[[str, int], Load]:
    """Restart a service again and again under load, and return the load."""

    def run(service: str, times: int) -> Load:
        load = Load(probe.get(f"http://{service}:9080{PATHS[service]}"), RATE)
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
    shop.install(services=REVIEWS_V3, drainSeconds=0, terminationGracePeriodSeconds=0)
    load = restarted("reviews", 5)
    wrong = load.wrong(FLAWS)
    log.info("%d of %d calls failed: %s", len(wrong), len(load.replies), sorted(set(wrong)))
    assert wrong
