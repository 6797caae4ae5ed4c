"""The config barrier: what it waits for, what it measures, what it says when it cannot see."""

from dataclasses import dataclass, field

import pytest

from meshproof.manifests import Barrier
from meshproof.observe.istiod import Config, Counts, Proxy, State
from meshproof.observe.tunnel import CannotForward
from patient_clock import FakeClock

NAMESPACE = "meshproof-r1"
ROUTE = {
    "apiVersion": "networking.istio.io/v1",
    "kind": "VirtualService",
    "metadata": {"name": "reviews", "namespace": NAMESPACE, "uid": "u1", "generation": 2},
}
POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "uid": "u2"}}
NEVER = 1e9


@dataclass
class Istiod:
    """What one istiod does with a change that is made at 0, in seconds.

    Args:
        takes: when the change is in its store.
        pushes: when each of its pushes ends.
        works: seconds that each push began before its end.
        sends: when each proxy is sent the change.
        acks: when each proxy acknowledges it; as soon as it is sent, unless said here.
        refuses: why a proxy does not take it.
        other: when a proxy is sent somebody else's change, which it acknowledges at once.
        updates: whether what it takes makes it push.
        gathers: seconds from the first request of each push to its end.
        queued: seconds that each push's proxies stand in the queue after its end; None when it does not say.
        alike: whether all proxies ask for the same; none does otherwise.
    """

    takes: float = 0.01
    pushes: tuple[float, ...] = (0.12,)
    works: float = 0.005
    sends: dict[str, float] = field(default_factory=lambda: {"a": 0.13, "b": 0.14})
    acks: dict[str, float] = field(default_factory=dict)
    refuses: dict[str, str] = field(default_factory=dict)
    other: dict[str, float] = field(default_factory=dict)
    proxies: tuple[str, ...] = ("a", "b", "bystander")
    updates: bool = True
    gathers: float = 0.11
    queued: float | None = 0.0
    alike: bool = False


class Mesh:
    """A control plane that follows the script; its first state is that before the change."""

    def __init__(self, clock, *istiods, deleted=False, breaks=NEVER, connects=True, cost=0.002):
        self.clock, self.istiods, self.deleted = clock, istiods, deleted
        self.breaks, self.connects, self.cost = breaks, connects, cost
        self.looks = self.closed = 0

    def connect(self):
        if not self.connects:
            raise CannotForward("this user may not forward port 15014", "give it the right")

    def close(self):
        self.closed += 1

    def configs(self):
        now = self._asked()
        known = Config.of(ROUTE)
        before, after = ({known: 2}, {}) if self.deleted else ({known: 1}, {known: 2})
        return {
            f"istiod-{number}": after if now >= each.takes else before
            for number, each in enumerate(self.istiods)
        }

    def state(self, namespace):
        assert namespace == NAMESPACE
        now = self._asked()
        self.looks += 1
        return State(
            {
                f"{name}.{NAMESPACE}": self._proxy(each, name, now)
                for each in self.istiods
                for name in each.proxies
            },
            {f"istiod-{number}": self._counts(each, now) for number, each in enumerate(self.istiods)},
        )

    def _asked(self):
        self.clock.wait(self.cost)
        if self.clock.now() >= self.breaks:
            raise CannotForward("istiod does not answer", "look at it")
        return self.clock.now()

    @staticmethod
    def _counts(each, now):
        ended = sum(now >= moment for moment in each.pushes)
        served = sum(now >= moment + (each.queued or 0.0) for moment in each.pushes)
        return Counts(
            updates=int(each.updates and now >= each.takes),
            pushes=ended,
            worked=ended * each.works,
            gathered=ended * each.gathers,
            served=None if each.queued is None else served * len(each.proxies),
            connected=len(each.proxies),
        )

    @staticmethod
    def _proxy(each, name, now):
        sent_at = each.sends.get(name, NEVER)
        earlier = "other" if now >= each.other.get(name, NEVER) else "old"
        sent = "new" if now >= sent_at else earlier
        acked = sent if now >= each.acks.get(name, 0.0) and name not in each.refuses else earlier
        role = "sidecar" if each.alike else name
        error = each.refuses.get(name, "") if sent == "new" else ""
        return Proxy(f"{name}.{NAMESPACE}", {"route": sent}, {"route": acked}, error, role)


def follow(*istiods, obj=ROUTE, seconds=10.0, deleted=False, waited=None, **kwargs):
    """Make the change at 0; return what was found, the mesh, and when the wait ended."""
    clock = FakeClock()
    mesh = Mesh(clock, *(istiods or (Istiod(),)), deleted=deleted, **kwargs)
    clock.time = -mesh.cost
    change = Barrier(mesh, NAMESPACE, seconds=seconds, clock=clock, waited=waited).begin()
    found = change.deleted([obj]) if deleted else change.applied([obj])
    return found, mesh, clock.now()


def test_figures_count_from_the_change_and_only_proxies_that_were_sent_something():
    found, _, _ = follow()
    assert found.at == pytest.approx(0)
    assert (found.found.proxies, found.found.reason) == (2, "")
    assert 0.13 <= found.found.pushed <= 0.17
    assert found.found.pushed <= found.found.acknowledged <= 0.2


def test_slow_proxy_is_waited_for():
    found, _, ended = follow(Istiod(acks={"b": 2.0}))
    assert found.found.pushed < 0.2
    assert 2.0 <= found.found.acknowledged <= 2.1
    assert ended < 2.4


def test_every_istiod_must_have_taken_and_pushed_it():
    late = Istiod(takes=0.5, pushes=(0.7,), sends={"c": 0.71}, proxies=("c",))
    found, _, _ = follow(Istiod(), late)
    assert found.found.proxies == 3
    assert 0.71 <= found.found.acknowledged <= 0.85


def test_push_that_began_before_the_change_was_taken_does_not_count():
    """It ends just after, but was worked out without the change, and concerns another proxy."""
    overlapped = Istiod(pushes=(0.03, 0.3), works=0.03, sends={"b": 0.31}, other={"a": 0.03})
    found, _, ended = follow(overlapped)
    assert found.found.proxies == 1
    assert 0.31 <= found.found.pushed <= 0.4
    assert ended > 0.31


def test_deletion_is_over_when_the_proxies_have_lost_it():
    found, _, _ = follow(Istiod(takes=0.4, pushes=(0.51,), sends={"a": 0.52}), deleted=True)
    assert found.found.proxies == 1
    assert 0.52 <= found.found.acknowledged <= 0.65


@pytest.mark.parametrize("queued", [0.0, None])
def test_change_that_concerns_no_proxy_does_not_wait_for_the_deadline(queued):
    found, _, ended = follow(Istiod(sends={}, queued=queued))
    assert (found.found.proxies, found.found.pushed, found.found.acknowledged) == (0, None, None)
    assert found.found.reason == "the control plane sent nothing to any proxy of the namespace"
    assert ended < 0.8


@pytest.mark.parametrize("queued", [0.0, 5.0, None])
def test_change_that_has_reached_every_proxy_waits_for_nothing_more(queued):
    """Not for the proxies of other namespaces either, which stand in the queue behind."""
    found, _, ended = follow(Istiod(queued=queued, alike=True, proxies=("a", "b")))
    assert (found.found.proxies, found.found.reason) == (2, "")
    assert found.found.acknowledged <= 0.2
    assert ended < 0.31


@pytest.mark.parametrize("queued", [0.0, None])
def test_change_that_has_reached_all_of_a_kind_waits_for_nothing_more(queued):
    _, _, ended = follow(Istiod(queued=queued))
    assert ended < 0.35


def test_change_that_is_not_pushed_at_all_ends_with_silence():
    found, _, ended = follow(Istiod(pushes=(), sends={}, updates=False))
    assert found.found.proxies == 0
    assert ended < 0.8


def test_push_that_is_owed_is_waited_for_however_silent_the_control_plane_is():
    found, _, ended = follow(Istiod(pushes=(1.2,), sends={"a": 1.21, "b": 1.22}))
    assert (found.found.proxies, found.found.reason) == (2, "")
    assert 1.21 <= found.found.pushed <= found.found.acknowledged <= 1.4
    assert ended < 1.8


def test_push_that_is_owed_and_never_comes_is_said():
    found, _, ended = follow(Istiod(pushes=(), sends={}))
    assert found.found.reason == "after 10 s the control plane had not pushed it"
    assert ended >= 10


def test_somebody_elses_long_push_does_not_pay_for_the_one_that_is_owed():
    """It ends in the same moment in which the change is taken, and the next one takes as long."""
    slow = Istiod(pushes=(0.012, 1.0), works=0.3, gathers=0.9, sends={"a": 1.01, "b": 1.02})
    found, _, _ = follow(slow)
    assert found.found.proxies == 2
    assert 1.01 <= found.found.pushed <= 1.2


def test_proxies_that_stand_in_the_queue_are_waited_for():
    found, _, ended = follow(Istiod(queued=1.27, sends={"a": 1.4, "b": 1.45}))
    assert (found.found.proxies, found.found.reason) == (2, "")
    assert 1.4 <= found.found.pushed <= found.found.acknowledged <= 1.6
    assert ended < 2


def test_queue_that_is_not_worked_off_in_time_is_said():
    found, _, _ = follow(Istiod(queued=NEVER, sends={"a": 0.13}))
    assert found.found.reason == "after 10 s the control plane had not served every proxy yet"
    assert found.found.acknowledged is None


@pytest.mark.parametrize("queued", [1.3, None])
def test_proxy_that_asks_for_the_same_as_one_that_was_sent_something_is_waited_for(queued):
    late = Istiod(sends={"a": 0.13, "b": 1.5}, queued=queued, alike=True, proxies=("a", "b"))
    found, _, ended = follow(late)
    assert (found.found.proxies, found.found.reason) == (2, "")
    assert found.found.pushed < 0.2
    assert 1.5 <= found.found.acknowledged <= 1.65
    assert ended < 1.9


def test_proxy_that_was_served_and_sent_nothing_is_named_when_its_like_were():
    found, _, ended = follow(Istiod(sends={"a": 0.13}, alike=True, proxies=("a", "b")))
    assert found.found.reason == (
        f"the control plane sent nothing to b.{NAMESPACE}, but did to a.{NAMESPACE}, which asks for the same"
    )
    assert (found.found.proxies, found.found.acknowledged) == (1, None)
    assert ended < 0.9


def test_push_that_was_over_before_it_could_be_seen_is_still_measured():
    """One looks for the first time at 1 s, as a machine without a moment to spare does."""
    found, _, ended = follow(cost=0.5)
    assert (found.found.proxies, found.found.reason) == (2, "")
    assert found.found.acknowledged is not None
    assert ended < 6


def test_later_push_that_concerns_nobody_here_does_not_hide_the_one_that_came_too_soon():
    found, _, ended = follow(Istiod(pushes=(0.005, 0.3), sends={"a": 0.007, "b": 0.05}))
    assert (found.found.proxies, found.found.reason) == (2, "")
    assert found.found.pushed < 0.03
    assert ended < 0.6


def test_namespace_without_proxies_says_so():
    found, _, ended = follow(Istiod(proxies=(), sends={}))
    assert found.found.reason == "no proxy of the namespace is connected to the control plane"
    assert ended < 0.4


def test_proxy_that_refuses_is_named_and_not_waited_for():
    found, _, ended = follow(Istiod(refuses={"a": "Invalid duration"}))
    assert found.found.proxies == 2
    assert found.found.acknowledged is None
    assert found.found.reason == f"a.{NAMESPACE} refused it: Invalid duration"
    assert ended < 0.5


@pytest.mark.parametrize(
    ("istiod", "reason"),
    [
        (Istiod(takes=NEVER), "after 10 s the control plane had not taken VirtualService reviews"),
        (Istiod(acks={"a": NEVER}), f"after 10 s a.{NAMESPACE} had not acknowledged what was sent"),
    ],
)
def test_deadline_ends_the_wait_and_says_for_what(istiod, reason):
    found, _, ended = follow(istiod)
    assert found.found.reason == reason
    assert found.found.acknowledged is None
    assert 10 <= ended < 10.2


def test_deleted_object_that_istiod_keeps_is_named():
    found, _, _ = follow(Istiod(takes=NEVER), deleted=True, seconds=1.0)
    assert found.found.reason == "after 1 s the control plane still had VirtualService reviews"


def test_debug_pages_that_cannot_be_read_fail_nothing():
    found, mesh, ended = follow(connects=False)
    assert found.found.reason == (
        "the control plane's debug pages could not be read: this user may not forward port 15014"
    )
    assert (found.found.pushed, found.found.acknowledged, mesh.looks) == (None, None, 0)
    assert ended < 0.1


@pytest.mark.parametrize("breaks", [0.005, 0.135])
def test_control_plane_that_goes_away_meanwhile_fails_nothing(breaks):
    found, mesh, ended = follow(breaks=breaks)
    assert found.found.reason == "the control plane's debug pages could not be read: istiod does not answer"
    assert found.found.acknowledged is None
    assert mesh.closed == 1
    assert ended < 0.3


def test_what_is_not_the_meshs_configuration_is_not_waited_for():
    found, mesh, ended = follow(obj=POD)
    assert found.found.reason == "none of its objects is configuration of the mesh"
    assert mesh.looks == 1
    assert ended < 0.1


def test_looks_are_few():
    _, mesh, _ = follow(Istiod(acks={"a": NEVER}))
    assert mesh.looks < 120


DEPLOYMENT = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a", "uid": "u3"}}


def test_looks_that_only_confirm_are_late():
    told = []
    found, _, ended = follow(Istiod(acks={"b": 2.0}), waited=told.append)
    (waited,) = told
    assert waited.seconds == pytest.approx(ended)
    # Up to a pause of 0.1 s before the look that found it, and three looks.
    assert ended - found.found.acknowledged < waited.late < 0.4


def test_change_that_reached_every_proxy_is_confirmed_quickly():
    told = []
    follow(Istiod(alike=True, proxies=("a", "b"), acks={"b": 2.0}), waited=told.append)
    assert told[0].late < 0.2


def test_silence_that_is_waited_for_is_late_from_the_last_change_on():
    told = []
    _, _, ended = follow(Istiod(pushes=(), sends={}, updates=False), waited=told.append)
    assert 0.5 < told[0].late <= ended


@pytest.mark.parametrize("broken", [{"breaks": 0.135}, {"seconds": 0.1}])
def test_wait_in_vain_is_not_late(broken):
    told = []
    follow(waited=told.append, **broken)
    (waited,) = told
    assert (waited.seconds >= 0.1, waited.late) == (True, 0.0)


def test_change_that_was_followed_to_its_end_has_settled():
    assert follow()[0].settled
    assert follow(Istiod(sends={}))[0].settled
    assert follow(deleted=True)[0].settled


@pytest.mark.parametrize(
    "unseen", [{"connects": False}, {"breaks": 0.135}, {"seconds": 0.1}, {"obj": POD}, {"obj": DEPLOYMENT}]
)
def test_change_that_could_not_be_followed_has_not_settled_as_far_as_one_knows(unseen):
    assert not follow(**unseen)[0].settled


def test_change_with_pods_has_not_settled_when_the_proxies_have_its_routes():
    clock = FakeClock()
    mesh = Mesh(clock, Istiod())
    followed = Barrier(mesh, NAMESPACE, seconds=10, clock=clock).begin().applied([DEPLOYMENT, ROUTE])
    assert followed.found.acknowledged is not None
    assert not followed.settled


def test_state_in_which_nothing_is_on_its_way_is_waited_for():
    clock = FakeClock()
    mesh = Mesh(clock, Istiod(acks={"a": 2.0}))
    followed = Barrier(mesh, NAMESPACE, seconds=10, clock=clock).begin().none()
    assert followed.settled
    assert 2.0 < clock.now() < 3.0


def test_state_that_cannot_be_seen_has_not_settled():
    clock = FakeClock()
    mesh = Mesh(clock, Istiod(), connects=False)
    assert not Barrier(mesh, NAMESPACE, seconds=10, clock=clock).begin().none().settled
