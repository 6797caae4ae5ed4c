"""What becomes of the pods of a namespace that was asked to go."""

from types import SimpleNamespace

import pytest
from kubernetes.client import ApiException, CoreV1Api

from meshproof.emptying import empty


class FakePods:
    """Stands for the pods of a namespace, and what becomes of those that are asked to end."""

    def __init__(self, monkeypatch):
        self.asked = []
        self.refusal = None
        monkeypatch.setattr(CoreV1Api, "list_namespaced_pod", lambda _api, namespace: self._list(namespace))
        monkeypatch.setattr(CoreV1Api, "delete_namespaced_pod", self._delete)

    def _list(self, namespace):
        assert namespace == "shop"
        return SimpleNamespace(
            items=[SimpleNamespace(metadata=SimpleNamespace(name=name)) for name in ("b", "a")]
        )

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
