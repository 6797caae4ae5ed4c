"""What becomes of the pods of a namespace that is about to be deleted."""

from types import SimpleNamespace

import pytest
from kubernetes.client import ApiException, AppsV1Api, CoreV1Api

from meshproof import emptying
from meshproof.emptying import empty


def thing(name):
    return SimpleNamespace(metadata=SimpleNamespace(name=name, namespace="shop", uid=f"uid of {name}"))


class FakeNamespace:
    """Stands for a namespace whose pods are there for a few looks after they were asked to go."""

    def __init__(self, monkeypatch):
        self.pods = ["b", "a"]
        self.asked = []
        self.looks = 0
        self.refusal = None
        for api, name in (
            (AppsV1Api, "list_namespaced_deployment"),
            (AppsV1Api, "delete_namespaced_deployment"),
            (CoreV1Api, "list_namespaced_pod"),
            (CoreV1Api, "delete_namespaced_pod"),
        ):
            monkeypatch.setattr(api, name, self._method(name))
        monkeypatch.setattr(emptying, "until", self._until)

    def _method(self, name):
        return lambda _api, *args, **options: getattr(self, name)(*args, **options)

    def _until(self, condition, _seconds, what, next_step):
        for _ in range(3):
            if condition():
                return
        raise emptying.TimedOut(what, next_step)

    def list_namespaced_deployment(self, namespace):
        assert namespace == "shop"
        return SimpleNamespace(items=[thing("reviews")])

    def delete_namespaced_deployment(self, name, _namespace, propagation_policy):
        self.asked.append((name, propagation_policy))

    def list_namespaced_pod(self, namespace):
        assert namespace == "shop"
        self.looks += 1
        return SimpleNamespace(items=[thing(name) for name in self.pods])

    def delete_namespaced_pod(self, name, _namespace, grace_period_seconds):
        self.asked.append((name, grace_period_seconds))
        if self.refusal is not None:
            raise ApiException(status=self.refusal)
        self.pods.remove(name)


@pytest.fixture
def fake(monkeypatch):
    return FakeNamespace(monkeypatch)


def test_what_makes_pods_goes_before_them_and_pods_have_a_second(fake):
    empty(None, "shop")
    assert fake.asked == [("reviews", "Foreground"), ("b", 1), ("a", 1)]
    assert fake.looks == 2


def test_a_pod_is_asked_once_and_one_that_stays_is_left_to_the_namespace(fake):
    fake.refusal = 404
    empty(None, "shop")
    assert fake.looks == 3
    assert [name for name, _ in fake.asked] == ["reviews", "b", "a"]


def test_a_refusal_is_told(fake):
    fake.refusal = 403
    with pytest.raises(ApiException):
        empty(None, "shop")
