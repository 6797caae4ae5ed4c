"""Bookinfo is deployed by the first worker, and only where a test of the run needs it."""

from types import SimpleNamespace

import pytest

from meshproof.plugin.sharing import modules_with_bookinfo, namespaces_beside, needs_bookinfo
from meshproof.run import Run


def item(test, *fixtures):
    return SimpleNamespace(nodeid=test, fixturenames=fixtures)


ITEMS = [
    item("suites/b.py::test_stars[x]", "probe", "bookinfo"),
    item("suites/a.py::test_attempts", "probe"),
    item("suites/b.py::test_more", "bookinfo"),
    SimpleNamespace(nodeid="suites/c.txt"),
]


def process(worker=None, count=2):
    given = {} if worker is None else {"workerinput": {"workerid": worker, "workercount": count}}
    return SimpleNamespace(**given)


def test_modules_are_told_by_the_fixtures_of_their_tests():
    assert modules_with_bookinfo(ITEMS) == ["suites/b.py"]


@pytest.mark.parametrize(("worker", "needs"), [(None, True), ("gw0", True), ("gw1", False), ("gw2", False)])
def test_first_worker_and_a_run_without_workers_deploy_it_at_once(worker, needs):
    assert needs_bookinfo(SimpleNamespace(config=process(worker), items=ITEMS)) is needs


def test_nobody_deploys_what_no_test_needs():
    assert not needs_bookinfo(SimpleNamespace(config=process(), items=ITEMS[1:2]))


@pytest.mark.parametrize(
    ("worker", "run", "beside"),
    [
        (None, "r1", []),
        ("gw0", "r1", ["meshproof-r1-gw1", "meshproof-r1-gw2"]),
        ("gw1", "r1-gw1", ["meshproof-r1", "meshproof-r1-gw2"]),
        # It came in place of one that died.
        ("gw3", "r1-gw3", ["meshproof-r1", "meshproof-r1-gw1", "meshproof-r1-gw2"]),
    ],
)
def test_namespaces_beside_are_those_of_the_other_workers(worker, run, beside):
    assert namespaces_beside(process(worker, count=3), Run(run)) == beside
