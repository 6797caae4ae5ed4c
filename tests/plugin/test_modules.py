"""A module's manifests: applied once, deleted after, withheld or turned round in a control run."""

import pytest

MODULE = """
import pathlib
import pytest
from meshproof.traffic import Missed

pytestmark = pytest.mark.behaviour("TM-02", manifests="routes.yaml")


@pytest.mark.parametrize("reader", ["jason", "alice"])
def test_reader(manifests, reader):
    manifests.note(f"test {reader}")
    if not any(line.startswith("apply") for line in manifests.log.read_text().splitlines()):
        raise Missed("not converged")
"""


def test_manifests_are_applied_once_and_deleted_after(suite):
    suite.manifest("routes.yaml", "routes-of-${run}")
    suite.module(MODULE)
    result = suite.run()
    result.assert_outcomes(passed=2)
    assert result.ret == 0
    assert suite.cluster == [
        "apply routes-of-r1",
        "proxies have routes-of-r1",
        "test jason",
        "test alice",
        "delete routes-of-r1",
    ]


def test_way_of_the_manifests_is_kept_with_their_module(suite):
    suite.manifest("routes.yaml", "routes")
    suite.module(
        f"""{MODULE}
    from meshproof.plugin.modules import PROPAGATION

    assert request.node.getparent(pytest.Module).stash[PROPAGATION].found.acknowledged == 0.2
""".replace("def test_reader(", "def test_reader(request, ")
    )
    assert suite.run().ret == 0


def test_next_module_waits_until_the_proxies_have_lost_what_it_found_and_have_what_it_brings(suite):
    suite.manifest("routes.yaml", "routes")
    suite.manifest("others.yaml", "others")
    suite.module(MODULE)
    suite.module(MODULE.replace("TM-02", "TM-03").replace("routes.yaml", "others.yaml"), "test_other")
    assert suite.run("-k", "jason").ret == 0
    assert suite.cluster == [
        "apply routes",
        "proxies have routes",
        "test jason",
        "delete routes",
        "apply others",
        "proxies have others and lost routes",
        "test jason",
        "delete others",
    ]


@pytest.mark.parametrize("control", [(), ("--meshproof-control",)], ids=["run", "control"])
def test_next_module_without_manifests_waits_until_the_proxies_have_lost_what_it_found(suite, control):
    suite.manifest("routes.yaml", "routes")
    suite.manifest("routes.control.yaml", "routes")
    suite.module(MODULE)
    suite.module(OTHER, "test_other")
    suite.run("-k", "jason or other", *control)
    assert suite.cluster[3:] == ["delete routes", "proxies lost routes", "test other"]


def test_module_of_a_control_run_begins_when_nothing_is_on_its_way_where_only_pods_have_gone(suite):
    suite.manifest("routes.yaml", "pods", api="apps/v1")
    suite.manifest("routes.control.yaml", "pods", api="apps/v1")
    suite.module(MODULE)
    suite.module(OTHER, "test_other")
    suite.run("-k", "jason or other", "--meshproof-control")
    assert suite.cluster[3:] == ["delete pods", "nothing is on its way", "test other"]


def test_module_without_manifests_has_no_way_of_theirs(suite):
    suite.module("""
import pytest
from meshproof.plugin.modules import PROPAGATION

pytestmark = pytest.mark.behaviour("TM-02")


def test_reader(request):
    assert PROPAGATION not in request.node.getparent(pytest.Module).stash
""")
    assert suite.run().ret == 0


def test_control_withholds_them(suite):
    suite.manifest("routes.yaml", "routes")
    suite.module(MODULE)
    assert suite.run("--meshproof-control").ret == 0
    assert suite.cluster == ["nothing is on its way", "test jason", "test alice"]
    assert set(suite.verdicts.values()) == {"failed as it must"}


def test_control_applies_the_opposite_where_there_is_one(suite):
    suite.manifest("routes.yaml", "routes")
    suite.manifest("routes.control.yaml", "opposite")
    suite.module(MODULE)
    assert suite.run("--meshproof-control").ret == 1
    assert [line for line in suite.cluster if "proxies" not in line] == [
        "apply opposite",
        "test jason",
        "test alice",
        "delete opposite",
    ]
    assert set(suite.verdicts.values()) == {"vacuous"}


def test_what_has_only_an_opposite_runs_without_manifests(suite):
    suite.manifest("routes.control.yaml", "opposite")
    suite.module(MODULE.replace("if not any", "if any"))
    assert suite.run().ret == 0
    assert suite.cluster == ["test jason", "test alice"]


def test_missing_feature_is_not_offered_and_nothing_is_applied(suite):
    suite.manifest("routes.yaml", "routes")
    suite.module(MODULE.replace("TM-02", "OB-01"))
    result = suite.run()
    assert result.ret == 0
    assert suite.cluster == []
    tests = [record for record in suite.records if record["kind"] == "test"]
    assert {(test["verdict"], test["reason"]) for test in tests} == {
        ("not offered", "needs prometheus (no Service prometheus)")
    }
    result.stdout.fnmatch_lines(["OB-01  not offered*", "*needs prometheus (no Service prometheus)"])


def test_refused_manifest_is_an_error_of_each_test(suite):
    suite.manifest("routes.yaml", "refused")
    suite.module(MODULE)
    result = suite.run()
    assert result.ret == 69
    assert set(suite.verdicts.values()) == {"error"}
    result.stdout.fnmatch_lines(
        ["TM-02  error*", "*setup: the cluster refused Thing refused: no; correct the manifest."]
    )


def test_manifest_that_cannot_be_deleted_is_an_error(suite):
    suite.manifest("routes.yaml", "sticky")
    suite.module(MODULE)
    assert suite.run().ret == 69
    assert suite.verdicts == {"test_reader[jason]": "passed", "test_reader[alice]": "error"}


OTHER = """
import pytest

pytestmark = pytest.mark.behaviour("TM-03")


def test_other(manifests):
    manifests.note("test other")
"""


@pytest.mark.parametrize("name", ["sticky", "unanswered"])
def test_nothing_is_judged_beside_what_another_module_has_left(suite, name):
    suite.manifest("routes.yaml", name)
    suite.module(MODULE)
    suite.module(OTHER, "test_of_another_module")
    result = suite.run()
    assert result.ret == 69
    assert suite.verdicts["test_other"] == "error"
    assert "test other" not in suite.cluster
    (other,) = [record for record in suite.records if record.get("test", "").endswith("::test_other")]
    assert other["reason"] == (
        f"setup: objects of test_it.py are still in meshproof-r1: {name}; "
        "look why they could not be deleted, and run again."
    )


def test_module_whose_manifests_were_refused_leaves_the_next_alone(suite):
    suite.manifest("routes.yaml", "refused")
    suite.module(MODULE)
    suite.module(OTHER, "test_of_another_module")
    suite.run()
    assert suite.verdicts["test_other"] == "passed"


def test_feature_that_does_not_work_is_an_error_of_each_test(suite):
    suite.manifest("routes.yaml", "routes")
    suite.module(MODULE.replace("TM-02", "OB-11"))
    result = suite.run()
    assert result.ret == 69
    assert set(suite.verdicts.values()) == {"error"}
    assert suite.cluster == []
    result.stdout.fnmatch_lines(["OB-11  error*", "*setup: needs tracing, but jaeger is down; look at it."])


def test_all_required_fails_the_run_and_names_what_is_not_offered(suite):
    suite.manifest("routes.yaml", "routes")
    suite.module(MODULE.replace("TM-02", "OB-01"))
    suite.module(MODULE, "test_other")
    result = suite.run("--meshproof-require-all")
    assert result.ret == 1
    result.stdout.fnmatch_lines(["--meshproof-require-all: the run fails, not offered: OB-01"])


def test_all_required_and_all_offered_is_as_good_as_ever(suite):
    suite.manifest("routes.yaml", "routes")
    suite.module(MODULE)
    result = suite.run("--meshproof-require-all")
    assert result.ret == 0
    result.stdout.no_fnmatch_line("*not offered*")


GROUNDWORK = """
@pytest.fixture(scope="module")
def groundwork(manifests):
    manifests.note("lay")
    yield
    manifests.note("lift")
"""


def test_what_manifests_stand_on_is_there_before_them_and_gone_after_them(suite):
    suite.manifest("routes.yaml", "routes")
    suite.module(MODULE + GROUNDWORK)
    suite.run().assert_outcomes(passed=2)
    assert suite.cluster == [
        "lay",
        "apply routes",
        "proxies have routes",
        "test jason",
        "test alice",
        "delete routes",
        "lift",
    ]


def test_what_manifests_stand_on_is_there_in_a_control_run_too(suite):
    suite.manifest("routes.yaml", "routes")
    suite.module(MODULE + GROUNDWORK)
    suite.run("--meshproof-control")
    assert suite.cluster == ["lay", "nothing is on its way", "test jason", "test alice", "lift"]
