"""A service's own route holds for all its clients, a client's route for its namespace."""

import pytest

from meshproof.checks import header, served_by, status

pytestmark = pytest.mark.behaviour("TM-20", manifests="route-scope.gateway-api.yaml")


def test_route_beside_its_service_holds_for_clients_of_every_namespace(probe, neighbour, run, expect):
    url = f"http://backend-v1.{run.namespace}:8080/"
    by_the_route = status(200) & served_by("backend-v1") & header("x-route", "producer")
    expect.converged(probe.get(url), by_the_route)
    expect.converged(neighbour.probe.get(url), by_the_route)


def test_route_beside_its_client_holds_for_clients_of_that_namespace_alone(probe, neighbour, expect):
    url = f"http://neighbour.{neighbour.namespace}:8080/"
    expect.converged(probe.get(url), status(200) & served_by("backend-v2") & header("x-route", "consumer"))
    expect.converged(neighbour.probe.get(url), status(200) & served_by("neighbour") & header("x-route", None))
