"""Fixtures of the traffic floor's tests."""

import pytest
from scripted import FakeClock

from meshproof.traffic import Evidence


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def recorded() -> list[Evidence]:
    return []
