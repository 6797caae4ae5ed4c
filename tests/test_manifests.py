"""Manifests: what is read, what is applied, when it counts as accepted."""

from types import SimpleNamespace

import pytest
from kubernetes.client import ApiException
from kubernetes.dynamic.exceptions import NotFoundError, ResourceNotFoundError
from urllib3.exceptions import ReadTimeoutError

from meshproof.errors import ExitCode, MeshproofError
from meshproof.manifests import Manifests, Ref, pending, read, wait_for
from meshproof.traffic.waiting import Waited
from patient_clock import FakeClock

ROUTE = {"apiVersion": "networking.istio.io/v1", "kind": "VirtualService", "metadata": {"name": "reviews"}}
RULE = {"apiVersion": "networking.istio.io/v1", "kind": "DestinationRule", "metadata": {"name": "reviews"}}
DEPLOYMENT = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "a"},
    "spec": {"replicas": 1},
}


class FakeClient:
    """Stands for the dynamic client: keeps objects by kind, refuses and delays what it was told to."""

    def __init__(self, refused=(), cluster_wide=(), unknown=(), lingering=0, broken=()):
        self.calls = []
        self.stored = {}
        self.refused = refused
        self.cluster_wide = cluster_wide
        self.unknown = unknown
        self.lingering = lingering
        self.broken = dict(broken)
        self.answers = None
        self.looks = 0
        self.resources = self

    def get(self, resource=None, name=None, namespace=None, *, api_version=None, kind=None):
        assert namespace in {None, "meshproof-r1"}
        if resource is None:
            if kind in self.unknown:
                raise ResourceNotFoundError(f"no {kind}")
            return SimpleNamespace(
                kind=kind, api_version=api_version, namespaced=kind not in self.cluster_wide
            )
        self.looks += 1
        self.fail("get", resource.kind)
        if (resource.kind, name) not in self.stored:
            if self.lingering:
                self.lingering -= 1
            else:
                raise NotFoundError(ApiException(status=404, reason="Not Found"))
        return SimpleNamespace(to_dict=lambda: self.stored.get((resource.kind, name), {}))

    def server_side_apply(self, resource, body, namespace, field_manager):
        self.calls.append(("apply", resource.kind, namespace, field_manager))
        if resource.kind in self.refused:
            error = ApiException(status=400, reason="Bad Request")
            error.body = '{"message": "admission webhook denied the request: weights must add up"}'
            raise error
        self.stored[resource.kind, body["metadata"]["name"]] = body
        self.fail("apply", resource.kind)
        stored = {**body, "metadata": {**body["metadata"], "uid": f"uid-of-{resource.kind}"}}
        return SimpleNamespace(to_dict=lambda: stored)

    def delete(self, resource, name, namespace, propagation_policy):
        self.calls.append(("delete", resource.kind, namespace, propagation_policy))
        self.fail("delete", resource.kind)
        if self.stored.pop((resource.kind, name), None) is None:
            raise NotFoundError(ApiException(status=404, reason="Not Found"))
        return self.answers and SimpleNamespace(kind=self.answers)

    def fail(self, verb, kind):
        """Raise what was scripted for this, once."""
        error = self.broken.pop((verb, kind), None)
        if error is not None:
            raise error


def manifests(client):
    return Manifests(client, "meshproof-r1", {"meshproof.dev/run": "r1"}, seconds=0.3)


def test_apply_puts_label_and_namespace_on_every_object():
    client = FakeClient()
    assert manifests(client).apply([RULE, ROUTE]) == (Ref.of(RULE), Ref.of(ROUTE))
    assert client.calls == [
        ("apply", "DestinationRule", "meshproof-r1", "meshproof"),
        ("apply", "VirtualService", "meshproof-r1", "meshproof"),
    ]
    for body in client.stored.values():
        assert body["metadata"]["labels"] == {"meshproof.dev/run": "r1"}
    assert "labels" not in ROUTE["metadata"]


def test_each_object_is_applied_as_it_was_dressed():
    client = FakeClient()

    def dress(obj):
        return {**obj, "spec": {"dressed": obj["metadata"]["name"]}}

    manifests = Manifests(client, "meshproof-r1", {"meshproof.dev/run": "r1"}, seconds=0.3, dress=dress)
    manifests.apply([ROUTE])
    assert client.stored["VirtualService", ROUTE["metadata"]["name"]]["spec"] == {
        "dressed": ROUTE["metadata"]["name"]
    }


UNSCALED = {**DEPLOYMENT, "spec": {"replicas": 0}}


def test_workload_that_is_still_there_is_hurried_at_each_look():
    client, hurried = FakeClient(lingering=2), []
    subject = Manifests(client, "meshproof-r1", {}, seconds=2, hurry=hurried.append)
    subject.delete(subject.apply([RULE, UNSCALED]))
    assert len(hurried) == 2
    assert client.looks > 2


def test_workload_that_cannot_be_hurried_is_waited_for():
    def hurry(_):
        raise ApiException(status=403)

    client = FakeClient(lingering=2)
    subject = Manifests(client, "meshproof-r1", {}, seconds=2, hurry=hurry)
    subject.delete(subject.apply([UNSCALED]))
    assert not subject.remains


def test_delete_goes_backwards_and_forgives_what_is_gone():
    client = FakeClient(lingering=2)
    subject = manifests(client)
    refs = subject.apply([RULE, ROUTE])
    client.stored.pop(("VirtualService", "reviews"))
    client.calls.clear()
    subject.delete(refs)
    assert [call[:2] for call in client.calls] == [
        ("delete", "VirtualService"),
        ("delete", "DestinationRule"),
    ]


def test_whoever_waits_for_the_proxies_is_told_what_was_stored():
    told = []
    manifests(FakeClient()).apply([RULE, ROUTE], told.append)
    (objects,) = told
    assert [obj["metadata"]["uid"] for obj in objects] == ["uid-of-DestinationRule", "uid-of-VirtualService"]


def test_acceptance_is_awaited_after_the_proxies():
    told = []
    with pytest.raises(MeshproofError, match="Deployment a is not done"):
        manifests(FakeClient()).apply([DEPLOYMENT], lambda _: told.append("stored"))
    assert told == ["stored"]


def test_refused_object_names_the_reason_and_takes_back_what_was_applied():
    client = FakeClient(refused=("VirtualService",))
    with pytest.raises(
        MeshproofError, match=r"refused VirtualService reviews: .*weights must add up"
    ) as caught:
        manifests(client).apply([RULE, ROUTE])
    assert caught.value.exit_code == ExitCode.ENVIRONMENT
    assert client.stored == {}


def test_object_of_the_whole_cluster_is_not_applied():
    client = FakeClient(cluster_wide=("DestinationRule",))
    with pytest.raises(MeshproofError, match="belongs to the whole cluster"):
        manifests(client).apply([RULE])
    assert client.calls == []


def test_unknown_kind_is_named():
    with pytest.raises(MeshproofError, match=r"does not know networking.istio.io/v1 DestinationRule"):
        manifests(FakeClient(unknown=("DestinationRule",))).apply([RULE])


def test_object_that_is_never_accepted_is_taken_back():
    client = FakeClient()
    with pytest.raises(MeshproofError, match=r"Deployment a is not done after 0.3 s: updatedReplicas 0 of 1"):
        manifests(client).apply([DEPLOYMENT])
    assert client.stored == {}


UNAVAILABLE = ApiException(status=503, reason="Service Unavailable")
LOST = ReadTimeoutError(None, "/apis", "Read timed out.")


@pytest.mark.parametrize("verb", ["apply", "get"])
@pytest.mark.parametrize(
    "error", [UNAVAILABLE, LOST, KeyboardInterrupt()], ids=lambda error: type(error).__name__
)
def test_whatever_breaks_an_apply_everything_is_taken_back(verb, error):
    """An object too whose answer never came: it may have been stored, and here it was."""
    client = FakeClient(broken={(verb, "Deployment"): error})
    subject = manifests(client)
    with pytest.raises((MeshproofError, type(error))):
        subject.apply([RULE, DEPLOYMENT])
    assert client.stored == {}
    assert subject.remains == ()


def test_whoever_waits_for_the_proxies_may_be_interrupted_and_all_is_taken_back():
    client = FakeClient()

    def interrupted(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        manifests(client).apply([RULE, ROUTE], interrupted)
    assert client.stored == {}


def test_refused_object_is_not_deleted_because_it_may_be_somebody_elses():
    client = FakeClient(refused=("VirtualService",))
    client.stored["VirtualService", "reviews"] = {"somebody": "else's"}
    subject = manifests(client)
    with pytest.raises(MeshproofError, match="refused VirtualService reviews"):
        subject.apply([RULE, ROUTE])
    assert list(client.stored) == [("VirtualService", "reviews")]
    assert subject.remains == ()


def test_take_back_that_fails_too_keeps_the_first_error_and_says_what_remains():
    broken = {("get", "Deployment"): UNAVAILABLE, ("delete", "Deployment"): LOST}
    subject = manifests(FakeClient(broken=broken))
    with pytest.raises(ApiException, match="503"):
        subject.apply([RULE, DEPLOYMENT])
    assert subject.remains == (Ref.of(DEPLOYMENT),)


@pytest.mark.parametrize(
    "error", [UNAVAILABLE, LOST, KeyboardInterrupt()], ids=lambda error: type(error).__name__
)
def test_delete_that_fails_keeps_no_other_object_and_is_told_at_the_end(error):
    client = FakeClient()
    subject = manifests(client)
    refs = subject.apply([RULE, ROUTE])
    assert subject.remains == refs
    client.broken["delete", "VirtualService"] = error
    with pytest.raises(type(error)):
        subject.delete(refs)
    assert list(client.stored) == [("VirtualService", "reviews")]
    assert Ref.of(ROUTE) in subject.remains


def test_interrupted_delete_asks_for_all_and_waits_for_nothing():
    client = FakeClient()
    subject = manifests(client)
    refs = subject.apply([RULE, ROUTE])
    client.broken = {("delete", "VirtualService"): KeyboardInterrupt(), ("get", "DestinationRule"): LOST}
    with pytest.raises(KeyboardInterrupt):
        subject.delete(refs)
    assert list(client.stored) == [("VirtualService", "reviews")]
    assert ("get", "DestinationRule") in client.broken, "it was waited for"


@pytest.mark.parametrize("error", [UNAVAILABLE, LOST], ids=lambda error: type(error).__name__)
def test_one_answer_that_does_not_come_says_nothing_of_whether_an_object_is_gone(error):
    client = FakeClient()
    subject = manifests(client)
    refs = subject.apply([RULE])
    client.broken["get", "DestinationRule"] = error
    subject.delete(refs)
    assert subject.remains == ()


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ({}, "its controller has not seen it yet"),
        (
            {"observedGeneration": 2, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 1},
            "updatedReplicas 2 of 2, availableReplicas 1 of 2, replicas 2 of 2",
        ),
        ({"observedGeneration": 2, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2}, None),
    ],
)
def test_deployment_is_accepted_once_rolled_out(status, reason):
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"generation": 2},
        "spec": {"replicas": 2},
        "status": status,
    }
    assert pending(deployment) == reason


@pytest.mark.parametrize(
    ("conditions", "reason"),
    [
        ([], "no condition Accepted yet"),
        ([("Accepted", "True", 1)], "condition Accepted is of an older generation"),
        ([("Accepted", "True", 2), ("Programmed", "False", 2)], "condition Programmed is False: no address"),
        ([("Accepted", "True", 2), ("Programmed", "True", 2)], None),
    ],
)
def test_gateway_is_accepted_once_programmed(conditions, reason):
    gateway = {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "Gateway",
        "metadata": {"generation": 2},
        "status": {
            "conditions": [
                {"type": name, "status": status, "observedGeneration": seen, "message": "no address"}
                for name, status, seen in conditions
            ]
        },
    }
    assert pending(gateway) == reason


def test_route_is_accepted_once_each_parent_accepts_it():
    good = {"type": "Accepted", "status": "True"}, {"type": "ResolvedRefs", "status": "True"}
    bad = {"type": "Accepted", "status": "False", "message": "not allowed"}, good[1]
    route = {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": {}}
    assert pending(route) == "no condition Accepted yet"
    one_refuses = {"parents": [{"conditions": good}, {"conditions": bad}]}
    assert pending({**route, "status": one_refuses}) == "condition Accepted is False: not allowed"
    assert pending({**route, "status": {"parents": [{"conditions": good}]}}) is None


def test_mesh_configuration_is_accepted_when_stored():
    assert pending(ROUTE) is None


def test_read_replaces_tokens_and_keeps_other_dollars(tmp_path):
    path = tmp_path / "gateway.yaml"
    path.write_text(
        "---\napiVersion: v1\nkind: Gateway\nmetadata: {name: 'g-${run}'}\n"
        "spec: {regex: '^a$', other: '${x}'}\n---\n"
    )
    (gateway,) = read(path, {"run": "r1"})
    assert gateway["metadata"]["name"] == "g-r1"
    assert gateway["spec"] == {"regex": "^a$", "other": "${x}"}


@pytest.mark.parametrize(
    ("text", "flaw"),
    [
        ("", "holds no object"),
        ("- a\n", "object 1: it is not a mapping"),
        ("a: [", "is not YAML"),
        ("kind: A\nmetadata: {name: a}\n", "object 1: apiVersion, kind and metadata.name are needed"),
        ("apiVersion: v1\nkind: A\nmetadata: a\n", "object 1: apiVersion, kind and metadata.name are needed"),
        ("apiVersion: v1\nkind: A\nmetadata: {name: a, namespace: b}\n", "object 1: it names a namespace"),
    ],
)
def test_read_names_the_flaw(tmp_path, text, flaw):
    path = tmp_path / "bad.yaml"
    path.write_text(text)
    with pytest.raises(MeshproofError, match=flaw) as caught:
        read(path, {})
    assert caught.value.exit_code == ExitCode.USAGE


def test_wait_returns_as_soon_as_nothing_is_missing():
    reasons = iter(["no endpoints", None])
    wait_for(lambda: next(reasons), seconds=5, what="reviews")
    assert next(reasons, "drained") == "drained"


def test_object_that_was_accepted_with_the_answer_is_not_looked_at_again():
    client = FakeClient()
    manifests(client).apply([RULE, ROUTE])
    assert client.looks == 0


def test_object_that_is_gone_with_the_answer_is_not_looked_for():
    client = FakeClient()
    client.answers = "Status"
    subject = manifests(client)
    subject.delete(subject.apply([RULE, ROUTE]))
    assert (client.looks, subject.remains) == (0, ())


def test_object_that_is_still_there_with_the_answer_is_looked_for():
    client = FakeClient(lingering=1)
    client.answers = "VirtualService"
    subject = manifests(client)
    subject.delete(subject.apply([ROUTE]))
    assert (client.looks, subject.remains) == (2, ())


def test_only_what_brings_other_objects_is_deleted_after_them():
    client = FakeClient()
    subject = manifests(client)
    route = {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": {"name": "a"}}
    gateway = {**route, "kind": "Gateway"}
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a"}}
    client.stored = {(obj["kind"], "a"): obj for obj in (route, gateway, service)}
    subject.delete([Ref.of(ROUTE), *(Ref.of(obj) for obj in (route, gateway, service))])
    deleted = {call[1]: call[3] for call in client.calls}
    assert deleted == {
        "VirtualService": "Background",
        "HTTPRoute": "Background",
        "Gateway": "Foreground",
        "Service": "Foreground",
    }


def test_wait_counts_as_late_from_the_last_no_on():
    clock, told = FakeClock(), []
    answers = iter(["not yet", "not yet", None])
    wait_for(lambda: next(answers), seconds=10, what="x", clock=clock, waited=told.append)
    # Looks at 0, 0.05 and 0.1125.
    assert told == [Waited(pytest.approx(0.1125), pytest.approx(0.0625))]


def test_wait_that_comes_to_nothing_is_not_late():
    clock, told = FakeClock(), []
    with pytest.raises(MeshproofError, match="x is not done after 1 s: not yet; look at"):
        wait_for(lambda: "not yet", seconds=1, what="x", clock=clock, waited=told.append)
    assert told == [Waited(pytest.approx(1.0), 0.0)]


def test_condition_is_looked_at_once_however_short_the_time():
    wait_for(lambda: None, seconds=0.0, what="x", clock=FakeClock())
