"""What becomes of the pods of a namespace, or of a workload, that was asked to go."""

from types import SimpleNamespace

import pytest
from kubernetes.client import ApiException, CoreV1Api

from meshproof.emptying import empty, hurry


class FakePods:
    """Stands for the pods of a namespace, and what becomes of those that are asked to end."""

    def __init__(self, monkeypatch):
        self.asked = []
        self.refusal = None
        self.selectors = []
        self.graces = {"b": None, "a": None}
        monkeypatch.setattr(
            CoreV1Api, "list_namespaced_pod", lambda _api, *args, **how: self._list(*args, **how)
        )
        monkeypatch.setattr(CoreV1Api, "delete_namespaced_pod", self._delete)

    def _list(self, namespace, label_selector=""):
        assert namespace == "shop"
        self.selectors.append(label_selector)
        found = [
            SimpleNamespace(name=name, deletion_grace_period_seconds=grace)
            for name, grace in self.graces.items()
        ]
        return SimpleNamespace(items=[SimpleNamespace(metadata=metadata) for metadata in found])

    def _delete(self, name, namespace, grace_period_seconds):
        self.asked.append((name, namespace, grace_period_seconds))
        if self.refusal is not None:
            raise ApiException(status=self.refusal)


@pytest.fixture
def fake(monkeypatch):
    return FakePods(monkeypatch)


def test_each_pod_is_asked_to_end_within_a_second(fake):
    empty(None, "shop")
    assert fake.asked == [("b", "shop", 1), ("a", "shop", 1)]


def test_pod_that_is_gone_already_keeps_no_other_from_being_asked(fake):
    fake.refusal = 404
    empty(None, "shop")
    assert len(fake.asked) == 2


def test_refusal_is_told(fake):
    fake.refusal = 403
    with pytest.raises(ApiException):
        empty(None, "shop")


REVIEWS = {"spec": {"selector": {"matchLabels": {"app": "reviews", "version": "v1"}}}}


def test_pods_of_a_workload_that_take_their_time_to_go_have_a_second(fake):
    fake.graces = {"b": 15, "a": 30}
    hurry(None, "shop", REVIEWS)
    assert fake.selectors == ["app=reviews,version=v1"]
    assert fake.asked == [("b", "shop", 1), ("a", "shop", 1)]


@pytest.mark.parametrize("grace", [None, 0, 1], ids=["was-not-asked", "goes-at-once", "was-asked-before"])
def test_every_other_pod_of_it_is_left(fake, grace):
    fake.graces = {"b": grace}
    hurry(None, "shop", REVIEWS)
    assert fake.asked == []


def test_workload_that_selects_otherwise_is_left(fake):
    hurry(None, "shop", {"spec": {"selector": {"matchExpressions": []}}})
    assert (fake.selectors, fake.asked) == ([], [])
