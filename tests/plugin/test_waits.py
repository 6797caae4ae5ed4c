"""What tests waited is recorded with them, what their modules waited included."""

import pytest

WAITING = """
import pytest
from meshproof.plugin.waits import waits_of
from meshproof.traffic import Evidence, Missed
from meshproof.traffic.waiting import Waited
from meshproof.plugin.record import EVIDENCE

pytestmark = pytest.mark.behaviour("TM-02")


@pytest.fixture(scope="module", autouse=True)
def manifest(request):
    waits_of(request.config).note(Waited(3.0, 1.0))
    yield
    waits_of(request.config).note(Waited(2.0, 0.5))


@pytest.mark.parametrize("reader", ["jason", "alice"])
def test_reader(request, reader):
    expected = Evidence("converged", True, "a call", "status 200", 20, 1.0, "", waited=Waited(0.25, 0.125))
    request.node.stash.setdefault(EVIDENCE, []).append(expected)
"""


def waited(suite):
    return {
        record["test"].rpartition("::")[2]: (record["waited"]["seconds"], record["waited"]["late"])
        for record in suite.records
        if record["kind"] == "test"
    }


def test_waits_of_the_module_come_with_its_first_test_and_its_last(suite):
    suite.module(WAITING)
    assert suite.run().ret == 0
    assert waited(suite) == {"test_reader[jason]": (3.25, 1.125), "test_reader[alice]": (2.25, 0.625)}


def test_tear_down_that_waited_is_part_of_the_time(suite):
    suite.module(WAITING.replace("    yield\n", "    yield\n    import time; time.sleep(0.2)\n"))
    suite.run()
    (*_, last) = [record for record in suite.records if record["kind"] == "test"]
    assert last["seconds"] < 0.2 <= last["waited"]["of"]


@pytest.mark.parametrize("progress", ["none", "lines"])
def test_run_ends_with_what_was_waited_in_all(suite, progress):
    suite.module(WAITING)
    result = suite.run_apart("--meshproof-progress", progress)
    result.stdout.fnmatch_lines(
        ["The tests waited 5.5 s in all, 1.8 s of them after it was already true: *% of the tests' time."]
    )
    assert sum(line.startswith("TM-02 ") for line in result.outlines) == 1


def test_run_that_did_not_wait_does_not_say_so(suite):
    suite.module('import pytest\npytestmark = pytest.mark.behaviour("TM-02")\ndef test_a(): pass\n')
    suite.run().stdout.no_fnmatch_line("The tests waited*")


def test_waits_of_one_module_do_not_count_for_the_next(suite):
    suite.module(WAITING)
    suite.module(WAITING, "test_more")
    suite.run()
    seconds = [record["waited"]["seconds"] for record in suite.records if record["kind"] == "test"]
    # Of the last test of each module there are two records: the second has the tear-down, too.
    assert seconds == [3.25, 0.25, 2.25, 3.25, 0.25, 2.25]


GROUND = """
from meshproof.plugin.fixtures import expect


@pytest.fixture(scope="session")
def budgets():
    from meshproof.traffic import Budgets
    return Budgets()


@pytest.fixture(scope="session")
def shop():
    pass
"""

PATIENT = """
import pytest
from meshproof.traffic import Missed

pytestmark = pytest.mark.behaviour("TM-02", manifests="routes.yaml")


def test_reader(expect, manifests{more}):
    manifests.note(f"gives up after {{expect._setting.give_up}}")
    raise Missed("not converged")
"""


@pytest.fixture
def patient(suite):
    with (suite.folder / "conftest.py").open("a") as conftest:
        conftest.write(GROUND)
    return suite


def given_up(suite):
    words = [line.rpartition(" ")[2] for line in suite.cluster if line.startswith("gives up")]
    return [None if word == "None" else pytest.approx(float(word), abs=0.9) for word in words]


def test_control_gives_up_soon_where_nothing_is_on_its_way(patient):
    patient.manifest("routes.yaml", "routes")
    patient.module(PATIENT.format(more=""))
    patient.run("--meshproof-control")
    assert given_up(patient) == [0.5]


def test_control_gives_up_later_where_its_manifest_could_not_be_followed(patient):
    patient.manifest("routes.yaml", "routes")
    patient.manifest("routes.control.yaml", "opposite")
    patient.module(PATIENT.format(more=""))
    patient.run("--meshproof-control")
    assert given_up(patient) == [7.5]


@pytest.mark.parametrize(
    ("opposite", "expected"),
    [
        pytest.param("opposite", [7.5, 3.0], id="several-times-what-the-last-deletion-took"),
        pytest.param("blind", [7.5, 7.5], id="as-late-as-ever-where-the-deletion-was-not-seen-to-settle"),
    ],
)
def test_next_module_of_a_control_gives_up_by_what_it_follows(patient, opposite, expected):
    patient.manifest("routes.yaml", "routes")
    patient.manifest("routes.control.yaml", opposite)
    patient.manifest("more.yaml", "more")
    patient.module(PATIENT.format(more=""))
    patient.module(PATIENT.format(more="").replace("routes.yaml", "more.yaml"), "test_more")
    patient.run("--meshproof-control")
    assert given_up(patient) == expected


@pytest.mark.parametrize(("more", "waits"), [("", 1), (", shop", 2)])
def test_what_was_made_since_has_to_settle_anew(patient, more, waits):
    patient.manifest("routes.yaml", "routes")
    patient.module(PATIENT.format(more=""))
    patient.module(PATIENT.format(more=more), "test_more")
    patient.run("--meshproof-control")
    assert patient.cluster.count("nothing is on its way") == waits


def test_known_failure_is_given_up_as_soon_as_where_nobody_saw_a_change_settle(patient):
    patient.manifest("routes.yaml", "routes")
    patient.module(PATIENT.format(more=""))
    patient.module(PATIENT.format(more="").replace("TM-02", "TM-03"), "test_other")
    patient.run("-p", "no:randomly", "--meshproof-known-failure", "TM-02")
    assert given_up(patient) == [7.5, None]


def test_ordinary_run_does_not_give_up(patient):
    patient.manifest("routes.yaml", "routes")
    patient.module(PATIENT.format(more=""))
    patient.run()
    assert given_up(patient) == [None]
