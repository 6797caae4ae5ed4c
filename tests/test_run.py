"""A run: its names, what it makes, what it removes, and what a sweep finds."""

import re
from types import SimpleNamespace

import pytest
from kubernetes.client import ApiException, CoreV1Api

from meshproof.errors import MeshproofError
from meshproof.run import RUN_LABEL, Run, runs_on, sweep


class FakeCluster:
    """Stands for the namespaces of a cluster; one that is deleted is still there for a few looks."""

    def __init__(self, monkeypatch):
        self.namespaces = {}
        self.looks_left = {}
        self.lingering = 2
        self.emptied = []
        monkeypatch.setattr("meshproof.run.empty", self._empty)
        for name in ("create_namespace", "read_namespace", "delete_namespace", "list_namespace"):
            monkeypatch.setattr(CoreV1Api, name, self._method(name))

    def _method(self, name):
        return lambda _api, *args, **options: getattr(self, name)(*args, **options)

    def _empty(self, _api, name):
        assert name in self.looks_left, "pods of a namespace that stays would be replaced"
        self.emptied.append(name)

    def create_namespace(self, body):
        if body.metadata.name in self.namespaces:
            raise ApiException(status=409, reason="Conflict")
        self.namespaces[body.metadata.name] = body.metadata.labels

    def read_namespace(self, name):
        if name in self.looks_left:
            self.looks_left[name] -= 1
            if self.looks_left[name] == 0:
                del self.namespaces[name]
        if name not in self.namespaces:
            raise ApiException(status=404, reason="Not Found")
        conditions = [SimpleNamespace(message="some finalizers remain")]
        return SimpleNamespace(status=SimpleNamespace(conditions=conditions))

    def delete_namespace(self, name):
        if name not in self.namespaces:
            raise ApiException(status=404, reason="Not Found")
        self.looks_left[name] = self.lingering

    def list_namespace(self, label_selector):
        return SimpleNamespace(
            items=[
                SimpleNamespace(metadata=SimpleNamespace(name=name, labels=labels))
                for name, labels in self.namespaces.items()
                if label_selector in labels
            ]
        )


@pytest.fixture
def fake(monkeypatch):
    return FakeCluster(monkeypatch)


def test_new_run_has_a_name_of_its_own_that_fits_a_label():
    first, second = Run.new(), Run.new()
    assert first != second
    assert re.fullmatch(r"\d{4}-\d{4}-[0-9a-f]{4}", first.id)
    assert first.namespace == f"meshproof-{first.id}"


def test_namespace_carries_the_runs_label_and_those_it_was_given(fake):
    Run("r1").create(None, {"istio-injection": "enabled"})
    assert fake.namespaces == {"meshproof-r1": {"istio-injection": "enabled", RUN_LABEL: "r1"}}


@pytest.mark.usefixtures("fake")
def test_refused_namespace_says_why():
    Run("r1").create(None, {})
    with pytest.raises(MeshproofError, match="cannot make the namespace meshproof-r1: 409 Conflict"):
        Run("r1").create(None, {})


def test_removing_waits_until_the_namespace_is_gone(fake):
    Run("r1").create(None, {})
    Run("r1").remove(None, seconds=5)
    assert fake.namespaces == {}
    assert fake.emptied == ["meshproof-r1"]
    Run("r1").remove(None, seconds=5)


def test_namespace_that_does_not_go_is_named_with_what_holds_it(fake):
    fake.lingering = 1000
    Run("r1").create(None, {})
    with pytest.raises(MeshproofError, match=r"deleting the namespace meshproof-r1 .*some finalizers remain"):
        Run("r1").remove(None, seconds=0.2)


def test_sweep_removes_what_runs_left_and_nothing_else(fake):
    for run in (Run("r2"), Run("r1")):
        run.create(None, {})
    fake.namespaces |= {"default": {}, "shop": {RUN_LABEL: "r1-of-somebody"}}
    assert runs_on(None) == (Run("r1"), Run("r2"))
    assert sweep(None, seconds=5) == (Run("r1"), Run("r2"))
    assert set(fake.namespaces) == {"default", "shop"}


@pytest.mark.parametrize("names", [("meshproof-r1", "shop"), ("shop", "meshproof-r1")])
def test_a_namespace_that_borrows_a_runs_label_does_not_hide_the_run(fake, names):
    fake.namespaces = {name: {RUN_LABEL: "r1"} for name in names}
    assert runs_on(None) == (Run("r1"),)


def test_neighbour_is_made_and_removed_with_its_run(fake):
    Run("r1").create(None, {})
    Run("r1").create(None, {"istio-injection": "enabled"}, neighbour=True)
    assert fake.namespaces["meshproof-r1-neighbour"] == {"istio-injection": "enabled", RUN_LABEL: "r1"}
    assert runs_on(None) == (Run("r1"),)
    Run("r1").remove(None, seconds=5)
    assert fake.namespaces == {}


def test_neighbour_can_be_asked_to_go_alone_and_is_waited_for_in_the_end(fake):
    Run("r1").create(None, {})
    Run("r1").create(None, {}, neighbour=True)
    Run("r1").remove_neighbour(None)
    assert set(fake.namespaces) == {"meshproof-r1", "meshproof-r1-neighbour"}
    Run("r1").remove(None, seconds=5)
    assert fake.namespaces == {}


def test_both_namespaces_are_asked_to_go_before_either_is_waited_for(fake):
    fake.lingering = 1000
    for neighbour in (False, True):
        Run("r1").create(None, {}, neighbour=neighbour)
    with pytest.raises(MeshproofError, match="deleting the namespace meshproof-r1 "):
        Run("r1").remove(None, seconds=0.2)
    assert set(fake.looks_left) == {"meshproof-r1", "meshproof-r1-neighbour"}
    assert fake.emptied == ["meshproof-r1", "meshproof-r1-neighbour"]


def test_sweep_finds_a_run_that_has_left_its_neighbour_alone(fake):
    Run("r1").create(None, {}, neighbour=True)
    assert sweep(None, seconds=5) == (Run("r1"),)
    assert fake.namespaces == {}
