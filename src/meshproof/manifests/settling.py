"""When a change has settled: concluded from one look at the control plane after another."""

from collections.abc import Mapping

from meshproof.observe.istiod import Proxy, State
from meshproof.results import Propagation

SILENCE_SECONDS = 0.5
"""A control plane that neither takes nor pushes anything for so long has nothing to push."""
STEADY_LOOKS = 3
"""So many looks in a row must find the same: an istiod serves its proxies one after the other."""


class Settling:
    """One change on its way to the proxies of one namespace.

    What counts is the first push that began after the change was taken: one that ended sooner may have been
    worked out without it. An istiod gathers changes for a moment before it pushes, so in time there is one.
    Where there is none (one looked too late, or nothing had to be pushed), istiod is silent, or pushes what
    does not concern these proxies; then what they got since the change was made is taken for it.

    Args:
        at: when the change was made, in seconds of some clock.
        before: what was known before it was made.
    """

    def __init__(self, at: float, before: State) -> None:
        self._at = at
        self._before = before.proxies
        self._last_at, self._last = at, before
        self._taken_at: dict[str, float] = {}
        self._to_push = set(before.counts)
        self._without: Mapping[str, Proxy] | None = None
        self._doubtful = False
        self._first_with: float | None = None
        self._first_since_before: float | None = None
        self._silent_since = at
        self._steady_since, self._steady_looks = at, 0

    def taken(self, now: float, istiod: str) -> None:
        """Take note that an istiod has the change in its store, the first time that this is seen."""
        if istiod not in self._taken_at:
            self._taken_at[istiod] = self._silent_since = now

    @property
    def taken_by_all(self) -> bool:
        """Whether every istiod has the change in its store."""
        return self._taken_at.keys() >= self._last.counts.keys()

    def look(self, now: float, state: State) -> bool:
        """Take in what is known at this moment; return whether the change has settled.

        Args:
            now: when it was asked for, in seconds of the same clock.
            state: of the control plane.
        """
        pushed = self._pushed_by(state)
        if not pushed and self._without is None and self._ended_one(state):
            self._doubtful = True
        if pushed and self._without is None:
            self._without = self._last.proxies
        self._to_push -= pushed
        if self._first_since_before is None and _given(state, self._before):
            self._first_since_before = now
        if self._first_with is None and self._without is not None and _given(state, self._without):
            self._first_with = now
        if state.counts != self._last.counts:
            self._silent_since = now
        if pushed or state.proxies != self._last.proxies:
            self._steady_since, self._steady_looks = now, 0
        self._steady_looks += 1
        self._last_at, self._last = now, state
        ended = not self._to_push or now - self._silent_since >= SILENCE_SECONDS
        return self.taken_by_all and ended and self._steady_looks >= STEADY_LOOKS and not self._waiting()

    def found(self, why_unsettled: str = "") -> Propagation:
        """Return how long it took.

        Args:
            why_unsettled: why one looks no longer although it has not settled; empty when it has.
        """
        given, first = self._given()
        refused = [f"{name} refused it: {error}" for name, error in sorted(given.items()) if error]
        if not self._last.proxies:
            reason = "no proxy of the namespace is connected to the control plane"
        elif not given:
            reason = "the control plane sent nothing to any proxy of the namespace"
        else:
            reason = refused[0] if refused else ""
        whole = given and not refused and not why_unsettled
        return Propagation(
            pushed=None if first is None else round(first - self._at, 3),
            acknowledged=round(self._steady_since - self._at, 3) if whole else None,
            proxies=len(given),
            reason=why_unsettled or reason,
        )

    def missing(self) -> str:
        """Return what it still waits for, a clause about the last look."""
        if waiting := self._waiting():
            return f"{', '.join(waiting)} had not acknowledged what was sent"
        return f"the control plane {'had not pushed it' if self._to_push else 'was still sending'}"

    def _pushed_by(self, state: State) -> set[str]:
        """Return the istiods that have ended a push since the last look that began with the change taken."""
        found = set()
        for pod in self._to_push & self._taken_at.keys():
            last, now = self._last.counts[pod], state.counts[pod]
            began_after = self._last_at - (now.worked - last.worked)
            if now.pushes != last.pushes and began_after > self._taken_at[pod]:
                found.add(pod)
        return found

    def _ended_one(self, state: State) -> bool:
        """Return whether any istiod has ended a push since the last look."""
        ended = {pod: counts.pushes for pod, counts in self._last.counts.items()}
        return any(counts.pushes != ended.get(pod) for pod, counts in state.counts.items())

    def _given(self) -> tuple[Mapping[str, str], float | None]:
        """Return the proxies that were sent something that may be the change, and when the first one was."""
        given = {} if self._without is None else _given(self._last, self._without)
        if self._without is None or (self._doubtful and not given):
            return _given(self._last, self._before), self._first_since_before
        return given, self._first_with

    def _waiting(self) -> list[str]:
        return sorted(proxy.name for proxy in self._last.proxies.values() if not proxy.synced)


def _given(state: State, reference: Mapping[str, Proxy]) -> Mapping[str, str]:
    """Return the proxies that were sent configuration since, each with why it refused it, if it did."""
    return {
        name: proxy.error
        for name, proxy in state.proxies.items()
        if name not in reference or proxy.config != reference[name].config
    }
