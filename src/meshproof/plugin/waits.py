"""What a process waits for outside of expectations: manifests, their way to the proxies, their deletion."""

import pytest

from meshproof.traffic.waiting import NOT_AT_ALL, Waited


class Waits:
    """Adds up waits, to be taken test by test."""

    def __init__(self) -> None:
        self._waited = NOT_AT_ALL

    def note(self, waited: Waited) -> None:
        """Add one wait."""
        self._waited += waited

    def add(self, seconds: float, late: float) -> None:
        """Add one wait, as `meshproof.wait.until` tells it."""
        self.note(Waited(seconds, late))

    def taken(self) -> Waited:
        """Return what was waited since this was last asked."""
        waited, self._waited = self._waited, NOT_AT_ALL
        return waited


_WAITS = pytest.StashKey[Waits]()


def waits_of(config: pytest.Config) -> Waits:
    """Return those of this process."""
    return config.stash.setdefault(_WAITS, Waits())
