"""When a change has settled: concluded from one look at the control plane after another."""

from collections.abc import Mapping

from meshproof.manifests.queue import Queues
from meshproof.observe.istiod import Counts, Proxy, State
from meshproof.results import Propagation

SILENCE_SECONDS = 0.5
"""A control plane that owes no push and does nothing for so long has nothing to push, or to send."""
SILENCE_PER_PUSH = 3
"""So many times as long as its longest push took it is silent at least: another one takes about as long."""
STEADY_LOOKS = 3
"""So many looks in a row must find the same: an istiod serves its proxies one after the other."""


class Settling:
    """One change on its way to the proxies of one namespace.

    What counts is the first push that began after the change was taken: one that ended sooner may have been
    worked out without it. An istiod gathers changes for a moment before it pushes, so in time there is one;
    as long as it owes one, its silence says nothing. Where there is none (one looked too late, or nothing had
    to be pushed), istiod is silent, or pushes what does not concern these proxies; then what they got since
    the change was made is taken for it.

    A push has ended when all proxies stand in the queue. Once every proxy of the namespace was sent something
    it does not matter how long the queue is; until then it must have been worked off.

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
        self._owing: set[str] = set()
        self._queues = Queues()
        self._without: Mapping[str, Proxy] | None = None
        self._doubtful = False
        self._first_with: float | None = None
        self._first_since_before: float | None = None
        self._silence = SILENCE_SECONDS
        self._silent_since = self._steady_since = self._quiet_since = self._not_yet = at
        self._quiet_looks = 0

    def taken(self, now: float, istiod: str) -> None:
        """Take note that an istiod has the change in its store, the first time that this is seen."""
        if istiod not in self._taken_at:
            self._taken_at[istiod] = self._silent_since = now
            self._not_yet = self._last_at

    @property
    def not_yet(self) -> float:
        """When one last looked without finding all of it where it has to go, as is known by now."""
        return self._not_yet

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
        last = self._last
        pushed = self._count(state)
        if pushed and self._without is None:
            self._without = last.proxies
        self._to_push -= pushed
        if self._first_since_before is None and _given(state, self._before):
            self._first_since_before = now
        if self._first_with is None and self._without is not None and _given(state, self._without):
            self._first_with = now
        if state.counts != last.counts:
            self._silent_since = now
        moved = bool(pushed) or state.proxies != last.proxies
        if moved:
            self._steady_since, self._not_yet = now, self._last_at
        self._last_at, self._last = now, state
        complete = self._reached() >= state.proxies.keys()
        queued = not complete and self._queues.emptied(state.counts) is False
        if moved or queued:
            self._quiet_since, self._quiet_looks = now, 0
        self._quiet_looks += 1
        if queued or not self.taken_by_all or self._quiet_looks < STEADY_LOOKS or self._waiting():
            return False
        return self._all_pushed() and (complete or self._all_sent())

    def found(self, why_unsettled: str = "") -> Propagation:
        """Return how long it took.

        Args:
            why_unsettled: why one looks no longer although it has not settled; empty when it has.
        """
        given, first = self._given()
        refused = [f"{name} refused it: {error}" for name, error in sorted(given.items()) if error]
        left_out = self._left_out()
        if not self._last.proxies:
            reason = "no proxy of the namespace is connected to the control plane"
        elif not given:
            reason = "the control plane sent nothing to any proxy of the namespace"
        elif refused:
            reason = refused[0]
        else:
            reason = f"the control plane {left_out}" if left_out else ""
        whole = given and not reason and not why_unsettled
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
        if self._to_push:
            return "the control plane had not pushed it"
        if self._queues.emptied(self._last.counts) is False:
            return "the control plane had not served every proxy yet"
        return f"the control plane {self._left_out() or 'was still sending'}"

    def _count(self, state: State) -> set[str]:
        """Take in the counters; return the istiods that ended a push which began with the change taken."""
        pushed, ended = set(), False
        for pod, now in state.counts.items():
            last = self._last.counts.get(pod, Counts())
            if now.updates != last.updates:
                self._owing.add(pod)
            if now.pushes == last.pushes:
                continue
            ended = True
            # The update may have come after this push began, but then the next one follows before long.
            self._owing.discard(pod)
            each = (now.gathered - last.gathered) / (now.pushes - last.pushes)
            self._silence = max(self._silence, SILENCE_PER_PUSH * each)
            if pod in self._to_push and pod in self._taken_at:
                self._queues.filled(pod, last, now)
                if self._last_at - (now.worked - last.worked) > self._taken_at[pod]:
                    pushed.add(pod)
        if ended and not pushed and self._without is None:
            self._doubtful = True
        return pushed

    def _all_pushed(self) -> bool:
        """Whether every istiod has pushed it, or would have by now."""
        silent = self._last_at - self._silent_since >= self._silence
        return not self._to_push or (silent and not self._to_push & self._owing)

    def _all_sent(self) -> bool:
        """Whether those proxies that were sent nothing are not concerned, as far as can be told."""
        left_out = self._left_out()
        if left_out and self._queues.emptied(self._last.counts) is None:
            return False
        # From the head of the queue to the proxy it takes a moment, on a busy machine a longer one.
        told = bool(self._reached()) and not left_out
        return told or self._last_at - self._quiet_since >= SILENCE_SECONDS

    def _left_out(self) -> str:
        """Return which proxies were sent nothing though their like were, a clause; empty when none is."""
        given, reached = self._given()[0], self._reached()
        like = {self._last.proxies[name].subscription: name for name in sorted(given)}
        alone = {
            name: like[proxy.subscription]
            for name, proxy in sorted(self._last.proxies.items())
            if name not in reached and proxy.subscription in like
        }
        if not alone:
            return ""
        example = next(iter(alone.values()))
        return f"sent nothing to {', '.join(alone)}, but did to {example}, which asks for the same"

    def _given(self) -> tuple[Mapping[str, str], float | None]:
        """Return the proxies that were sent something that may be the change, and when the first one was."""
        given = {} if self._without is None else _given(self._last, self._without)
        if self._without is None or (self._doubtful and not given):
            return _given(self._last, self._before), self._first_since_before
        return given, self._first_with

    def _reached(self) -> set[str]:
        """Return the proxies that need not be waited for, because they may have been sent it."""
        since_before = _given(self._last, self._before) if self._doubtful else {}
        return {*self._given()[0], *since_before}

    def _waiting(self) -> list[str]:
        return sorted(proxy.name for proxy in self._last.proxies.values() if not proxy.synced)


def _given(state: State, reference: Mapping[str, Proxy]) -> Mapping[str, str]:
    """Return the proxies that were sent configuration since, each with why it refused it, if it did."""
    return {
        name: proxy.error
        for name, proxy in state.proxies.items()
        if name not in reference or proxy.config != reference[name].config
    }
