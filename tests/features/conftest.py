"""A pretended cluster, and detection on it."""

import pytest
from answers import ApiServer

from meshproof.features import Surroundings, detect


@pytest.fixture
def server():
    return ApiServer()


@pytest.fixture
def look(server):
    """Detect on that server, and return what is found by name."""

    def found(charts="istio"):
        return {each.name: each for each in detect(Surroundings(server, charts)).found()}

    return found
