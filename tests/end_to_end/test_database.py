"""The way to the database is TCP through the mesh: who may take it, and what readers see when it ends."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from kubernetes import client
from shops import OFF, ON, REVIEWS_V3, Shop, once

from meshproof.checks import body_contains, status
from meshproof.traffic import Budgets, Call, Expect

FOLDER = Path(__file__).parent
STARS = {"id": 0, "ratings": {"Reviewer1": 5, "Reviewer2": 4}}
SIGN_IN = (
    "mariadb --host=mysqldb --user=ratings --password=ratings --skip-ssl --connect-timeout=5"
    " --skip-column-names --execute='SELECT Rating FROM test.ratings WHERE ReviewID = 1' 2>&1"
)
BUDGETS = replace(Budgets(), call_timeout=15.0, converge=60.0)
RATINGS_V2 = {"ratings": {"versions": {"v1": OFF, "v2": ON}}}


@pytest.fixture(scope="module")
def shop(demo, helm, namespace) -> Shop:
    found = Shop(demo, helm, namespace("database"))
    found.install(services={**RATINGS_V2, **REVIEWS_V3}, database=ON)
    return found


@pytest.fixture(scope="module")
def ratings(shop) -> Call:
    """What the database says, through gateway, productpage and ratings."""
    return shop.outside(BUDGETS).get("/api/v1/products/0/ratings")


@pytest.fixture(scope="module")
def page(shop) -> Call:
    return shop.outside(BUDGETS).get("/productpage")


@pytest.fixture
def expect() -> Expect:
    return Expect(BUDGETS)


@pytest.fixture(scope="module")
def clients(shop) -> None:
    shop.apply(FOLDER / "database-clients.yaml")


@pytest.fixture
def anyone(shop) -> Iterator[None]:
    """Let anyone to the database who knows a password, from within the mesh or not."""
    applied = shop.apply(FOLDER / "database-for-anyone.yaml")
    yield
    shop.delete(applied)


@pytest.fixture
def only_ratings(shop) -> Iterator[None]:
    """Let nobody but ratings to the database; in place of what `anyone` has made."""
    applied = shop.apply(FOLDER / "database-for-ratings.yaml")
    yield
    shop.delete(applied)


def signed_in(shop: Shop, app: str) -> str:
    """What the database says to a client in this pod."""
    return shop.run(app, "sh", "-c", SIGN_IN).strip()


def entered(said: str) -> str | None:
    """None when the database gave the stars; else what was said."""
    return None if said == "5" else said


def refused(said: str) -> str | None:
    """None when the connection was broken off; else what the database said.

    A sidecar judges a connection when the client's first bytes arrive, and in this protocol the server speaks
    first: a client without the right to be there may read the greeting before it is turned away.
    """
    return None if "Lost connection to server" in said else said


@pytest.mark.usefixtures("clients")
def test_the_database_answers_ratings_over_mutual_tls_and_nobody_else(shop, expect, ratings, request):
    expect.converged(ratings, status(200))
    assert signed_in(shop, "neighbour") == "5", "any sidecar leads to the database until it is told otherwise"
    request.getfixturevalue("anyone")
    for app in ("neighbour", "stranger"):
        expect.eventually(
            lambda app=app: signed_in(shop, app), entered, what=f"{app} at the database", expected="5 stars"
        )

    request.getfixturevalue("only_ratings")
    for app in ("neighbour", "stranger"):
        expect.eventually(
            lambda app=app: signed_in(shop, app), refused, what=f"{app} at the database", expected="refused"
        )
    # Connections are judged when they are made: ratings makes new ones.
    shop.restart("ratings-v2")
    expect.converged(ratings, status(200) & body_contains('"Reviewer1":5'))


def test_without_its_database_ratings_says_so_and_recovers(shop, expect, ratings, page):
    whole = status(200) & body_contains('class="stars red"')
    expect.converged(page, whole)
    shop.scale("mysqldb-v1", 0)
    try:
        expect.converged(ratings, status(503))
        expect.converged(page, status(200) & body_contains("Ratings service is currently unavailable"))
    finally:
        shop.scale("mysqldb-v1", 1)
    expect.converged(page, whole)
    assert json.loads(once(ratings).body) == STARS


def test_a_deleted_database_pod_is_replaced_with_the_first_rows(shop, expect, ratings):
    shop.sql("DELETE FROM test.ratings")
    assert "Reviewer" not in once(ratings).body
    name = shop.pod("mysqldb").metadata.name
    client.CoreV1Api(shop.api).delete_namespaced_pod(name, shop.namespace)
    expect.converged(ratings, status(200) & body_contains('"Reviewer2":4'))


def test_the_seed_job_has_ended_beside_its_sidecar(shop):
    job = client.BatchV1Api(shop.api).read_namespaced_job("mysqldb-seed", shop.namespace)
    assert job.status.succeeded == 1
    containers = shop.pod("mysqldb-seed").status.init_container_statuses
    proxy = {status.name: status for status in containers}["istio-proxy"]
    assert proxy.state.terminated is not None
