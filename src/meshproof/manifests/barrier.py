"""The config barrier: after a change, wait until the proxies have it, and say how long each step took.

The control plane takes a change, gathers what else comes within a moment, works out a new configuration, and
sends each proxy what concerns it. Nobody says "this change is now everywhere", so it is concluded: every
istiod has the object in its store, has ended a push since, and its proxies have acknowledged all that they
were sent. What cannot be seen is said and fails nothing: whether a behaviour holds is judged by calls.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import chain

from meshproof.errors import MeshproofError
from meshproof.manifests.acceptance import GATEWAY_API_GROUP, WORKLOADS, Object
from meshproof.manifests.settling import Settling
from meshproof.observe.istiod import Config, ControlPlane, State
from meshproof.results import Propagation
from meshproof.traffic.clock import Clock, Pace, SystemClock
from meshproof.traffic.waiting import Wait, Waited

FIRST_GAP, LONGEST_GAP, GROWTH = 0.02, 0.1, 1.25
"""Seconds between two looks, which ask the API server nothing: they go through an open connection."""
MESH_GROUPS = (".istio.io", GATEWAY_API_GROUP)
"""How the API groups of a mesh's configuration end."""


@dataclass(frozen=True)
class Propagated:
    """How a change came to the proxies.

    Args:
        at: when the API server had its last object, in the clock's seconds.
        found: how long it took from then on.
        settled: whether it was followed to its end, so that nothing of it is on its way any more. Pods, which
            come and go later, are not followed.
    """

    at: float
    found: Propagation
    settled: bool = False


class Barrier:
    """Waits for changes in one namespace to reach its proxies.

    Args:
        control_plane: of the mesh.
        namespace: whose proxies are waited for.
        seconds: deadline of each wait.
        clock: the time.
        waited: told what each wait came to.
    """

    def __init__(
        self,
        control_plane: ControlPlane,
        namespace: str,
        *,
        seconds: float,
        clock: Clock | None = None,
        waited: Callable[[Waited], object] | None = None,
    ) -> None:
        self._waited = waited or (lambda _: None)
        self._control_plane = control_plane
        self._namespace = namespace
        self._seconds = seconds
        self._clock = clock or SystemClock()

    def begin(self) -> "Change":
        """Look at the proxies before a change is made; where that is not possible, its result will say so."""
        try:
            self._control_plane.connect()
            return Change(self, self._control_plane.state(self._namespace), "")
        except MeshproofError as error:
            return Change(self, None, self._given_up(error))

    def wait(self, before: State, lacking: Callable[[Mapping[Config, int]], str | None]) -> Propagated:
        """Wait for a change that the API server has just been told.

        Args:
            before: what was known before.
            lacking: returns what an istiod with these objects has not taken yet, or None.
        """
        at = self._clock.now()
        pace = Pace(self._clock, within=self._seconds, first=FIRST_GAP, longest=LONGEST_GAP, growth=GROWTH)
        settling = Settling(at, before)
        wait = Wait(self._clock)
        lacks: list[str] = []
        try:
            while pace.next():
                if not settling.taken_by_all:
                    lacks = self._take(settling, lacking)
                known = settling.not_yet
                settled = settling.look(self._clock.now(), self._control_plane.state(self._namespace))
                wait.not_yet(settling.not_yet)
                if settling.not_yet != known:
                    # It is under way: what is left of it comes soon, and looks that only confirm cost little.
                    pace.quicken()
                if settled:
                    self._waited(wait.over())
                    return Propagated(at, settling.found(), settled=True)
        except MeshproofError as error:
            self._waited(wait.in_vain())
            return Propagated(at, settling.found(self._given_up(error)))
        self._waited(wait.in_vain())
        why = f"the control plane {lacks[0]}" if lacks else settling.missing()
        return Propagated(at, settling.found(f"after {self._seconds:g} s {why}"))

    def _take(self, settling: Settling, lacking: Callable[[Mapping[Config, int]], str | None]) -> list[str]:
        """Tell which istiods have taken the change; return what the others lack."""
        lacks = []
        for istiod, configs in self._control_plane.configs().items():
            lack = lacking(configs)
            if lack is None:
                settling.taken(self._clock.now(), istiod)
            else:
                lacks.append(lack)
        return lacks

    def unseen(self, why: str) -> Propagated:
        """Return the result of a change whose way cannot be followed."""
        return Propagated(self._clock.now(), Propagation(reason=why))

    def _given_up(self, error: MeshproofError) -> str:
        # The next change asks anew: an istiod that was replaced has another name.
        self._control_plane.close()
        return f"the control plane's debug pages could not be read: {error.what}"


class Change:
    """One change, begun before the API server is told of it.

    Args:
        barrier: that began it.
        before: what was known then; None when that could not be read.
        unreadable: why.
    """

    def __init__(self, barrier: Barrier, before: State | None, unreadable: str) -> None:
        self._barrier = barrier
        self._before = before
        self._unreadable = unreadable

    def applied(self, objects: Iterable[Object], gone: Iterable[Object] = ()) -> Propagated:
        """Wait until the proxies have these objects.

        Args:
            objects: as the API server has stored them.
            gone: others, deleted just before as they had been stored, which the proxies must have lost.
        """
        objects, gone = tuple(objects), tuple(gone)
        wanted = {Config.of(obj): _generation(obj) for obj in objects if of_mesh(obj)}
        unwanted = {Config.of(obj) for obj in gone if of_mesh(obj)}

        def lacking(has: Mapping[Config, int]) -> str | None:
            lack = (config for config, generation in wanted.items() if has.get(config, -1) < generation)
            left = (config for config in unwanted if config in has)
            said = chain((f"had not taken {one}" for one in lack), (f"still had {one}" for one in left))
            return next(said, None)

        return self._follow({*wanted, *unwanted}, lacking, objects)

    def deleted(self, objects: Iterable[Object]) -> Propagated:
        """Wait until the proxies have lost these objects, which are as the API server had stored them."""
        return self.applied((), objects)

    def none(self) -> Propagated:
        """Wait until nothing is on its way to the proxies, whoever has made it."""
        if self._before is None:
            return self._barrier.unseen(self._unreadable)
        return self._barrier.wait(self._before, lambda _: None)

    def _follow(
        self,
        configs: Collection[Config],
        lacking: Callable[[Mapping[Config, int]], str | None],
        applied: Iterable[Object],
    ) -> Propagated:
        if not configs:
            return self._barrier.unseen("none of its objects is configuration of the mesh")
        if self._before is None:
            return self._barrier.unseen(self._unreadable)
        followed = self._barrier.wait(self._before, lacking)
        # Those of what is gone were waited for when it was deleted.
        pods = any(obj["kind"] in WORKLOADS for obj in applied)
        return replace(followed, settled=followed.settled and not pods)


def of_mesh(obj: Object) -> bool:
    """Whether an object is configuration of the mesh, so that the control plane takes it."""
    return str(obj["apiVersion"]).rpartition("/")[0].endswith(MESH_GROUPS)


def _generation(obj: Object) -> int:
    return int(obj["metadata"].get("generation") or 0)
