"""When the cluster has accepted an object, and how long one waits for that."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from meshproof.errors import MeshproofError
from meshproof.traffic.clock import Clock, Pace, SystemClock
from meshproof.traffic.waiting import Wait, Waited

GATEWAY_API_GROUP = "gateway.networking.k8s.io"
FIRST_GAP, LONGEST_GAP, GROWTH = 0.05, 0.1, 1.25
"""Seconds between the starts of two looks, each of which is a request to the API server."""
LEISURE = 0.5
"""Seconds up to which the distance grows where what is awaited takes all of the machine, as pods do."""

SELECTING = frozenset({"Deployment", "StatefulSet"})
"""Kinds that have pods by a selector."""
WORKLOADS = SELECTING | {"Pod"}
"""Kinds that bring pods, which come and go after the object itself."""

Object = Mapping[str, Any]
"""An object of the API, as JSON has it."""


def pending(obj: Object) -> str | None:
    """Return what an applied object still waits for, or None once the cluster has accepted it.

    Workloads must be rolled out, and Gateway API objects carry conditions. Any other object has been accepted
    when the API server stored it, because the mesh's admission webhook was asked then.
    """
    status = obj.get("status") or {}
    if obj["kind"] in SELECTING:
        return _not_rolled_out(obj, status)
    if obj["kind"] == "Pod":
        return _false_condition(status.get("conditions"), {"Ready"}, None)
    if str(obj["apiVersion"]).startswith(f"{GATEWAY_API_GROUP}/"):
        generation = obj["metadata"].get("generation")
        if obj["kind"] == "Gateway":
            return _false_condition(status.get("conditions"), {"Accepted", "Programmed"}, generation)
        if obj["kind"].endswith("Route"):
            parents = status.get("parents") or [{}]
            reasons = (
                _false_condition(parent.get("conditions"), {"Accepted", "ResolvedRefs"}, generation)
                for parent in parents
            )
            return next((reason for reason in reasons if reason), None)
    return None


def _not_rolled_out(obj: Object, status: Mapping[str, Any]) -> str | None:
    wanted = obj["spec"].get("replicas", 1)
    if status.get("observedGeneration", 0) < obj["metadata"].get("generation", 0):
        return "its controller has not seen it yet"
    counts = {name: status.get(name, 0) for name in ("updatedReplicas", "availableReplicas", "replicas")}
    if all(count == wanted for count in counts.values()):
        return None
    return ", ".join(f"{name} {count} of {wanted}" for name, count in counts.items())


def _false_condition(
    conditions: Iterable[Mapping[str, Any]] | None, wanted: set[str], generation: int | None
) -> str | None:
    """Return the first wanted condition that is not true for this generation, with its message."""
    by_type = {condition["type"]: condition for condition in conditions or ()}
    for name in sorted(wanted):
        condition = by_type.get(name)
        if condition is None:
            return f"no condition {name} yet"
        if generation is not None and condition.get("observedGeneration", generation) < generation:
            return f"condition {name} is of an older generation"
        if condition["status"] != "True":
            return f"condition {name} is {condition['status']}: {condition.get('message', '')}"
    return None


def wait_for(  # noqa: PLR0913 - what a caller may set by itself
    reason: Callable[[], str | None],
    *,
    seconds: float,
    what: str,
    longest: float = LONGEST_GAP,
    clock: Clock | None = None,
    waited: Callable[[Waited], object] | None = None,
) -> None:
    """Return as soon as `reason` returns None.

    Args:
        reason: asks the cluster; returns what is still missing.
        seconds: the deadline; it is asked once at least.
        what: the subject of the sentence in the error, for instance "Deployment reviews-v1".
        longest: seconds between the starts of two looks, at most.
        clock: the time.
        waited: told what the wait came to.

    Raises:
        MeshproofError: the deadline passed; the sentence ends with the last reason.
    """
    clock, note = clock or SystemClock(), waited or (lambda _: None)
    pace = Pace(clock, within=seconds, first=FIRST_GAP, longest=longest, growth=GROWTH)
    wait = Wait(clock)
    pace.pause()
    while (missing := reason()) is not None:
        wait.not_yet()
        if not pace.next():
            note(wait.in_vain())
            raise MeshproofError(
                f"{what} is not done after {seconds:g} s: {missing}", "look at the namespace's events"
            )
    note(wait.over())
