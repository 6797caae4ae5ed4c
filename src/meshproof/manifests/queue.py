"""How far the queues are in which a push puts every proxy of an istiod."""

from collections.abc import Mapping

from meshproof.observe.istiod import Counts


class Queues:
    """The queues of all istiods, each filled by a push that may hold the change.

    A proxy that still stands in the queue when the next push comes is served once for both; counted from the
    last look before a push, every proxy has been served when so many were as were connected then.
    """

    def __init__(self) -> None:
        self._goals: dict[str, int | None] = {}

    def filled(self, istiod: str, last: Counts, now: Counts) -> None:
        """Take note that a push has ended between these two looks."""
        # A proxy that connected in between did not stand in the queue for certain.
        proxies = min(last.connected, now.connected)
        known = now.served is not None and proxies
        self._goals[istiod] = (last.served or 0) + proxies if known else None

    def emptied(self, counts: Mapping[str, Counts]) -> bool | None:
        """Return whether every proxy has been served since; None where an istiod does not count that."""
        known = [
            (counts[istiod].served or 0, goal) for istiod, goal in self._goals.items() if goal is not None
        ]
        if any(served < goal for served, goal in known):
            return False
        return True if len(known) == len(self._goals) else None
