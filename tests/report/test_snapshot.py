"""A report is compared by the same facts, whichever rendering it is read from."""

import pytest

from meshproof.errors import ExitCode, MeshproofError
from meshproof.report import compare, read_snapshot, write_report
from meshproof.report.snapshot import of_report
from meshproof.report.write import read_report
from meshproof.results import Environment, Propagation, Verdict

TESTS = [
    ("TM-01", "passed", {"propagation": Propagation(pushed=0.25, proxies=1)}),
    ("TM-02", "failed", {"reason": "v1 answered"}),
    ("IN-01", "not offered", {"reason": "no gateway"}),
    ("SE-01", "error", {"reason": "no cluster"}),
]


@pytest.fixture
def folder(written):
    """The output folder of a run, with its report."""

    def make(name, *tests, **fields):
        made = written(name, *tests, **fields)
        write_report(made)
        return made

    return make


def test_folder_results_and_document_say_the_same(folder):
    found = folder("a", *TESTS, left_out=["TM-06"], planned=["SE-04"], interrupted="Ctrl-C")
    document = found / "report" / "conformance.yaml"
    read = [read_snapshot(path) for path in (found, found / "results.jsonl", document)]
    for other in read[1:]:
        comparison = compare(read[0], other)
        assert not any(comparison.verdicts.values())
        assert (comparison.slower, comparison.environment) == ((), ())
        assert other.propagation == read[0].propagation
    verdicts = {id_: known.verdict for id_, known in read[2].behaviours.items()}
    assert verdicts["TM-01"] is Verdict.PASSED
    assert verdicts["SE-04"] is Verdict.INTERRUPTED
    assert verdicts["TM-06"] is Verdict.NOT_RUN
    assert read[2].behaviours["IN-01"].reason == "no gateway"


def test_a_folder_that_holds_a_document_only_is_read_too(folder, tmp_path):
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "conformance.yaml").write_bytes(
        (folder("a", *TESTS) / "report" / "conformance.yaml").read_bytes()
    )
    assert read_snapshot(kept).behaviours["TM-02"].verdict is Verdict.FAILED


def test_an_image_keeps_its_name_when_its_tag_changes(folder):
    def with_image(reference):
        return Environment(images={reference: "sha256:1"})

    before = folder("a", *TESTS, environment=with_image("localhost:5000/pilot:1"))
    after = folder("b", *TESTS, environment=with_image("localhost:5000/pilot:2"))
    (fact,) = compare(read_snapshot(before), read_snapshot(after)).environment
    assert (fact.name, fact.before, fact.after) == ("image localhost:5000/pilot", "1 sha256:1", "2 sha256:1")


def test_where_things_lay_and_their_order_is_no_difference(folder):
    one = folder("a", *TESTS, options={"--seed": "1", "--kubeconfig": "/a", "--meshproof-levels": "core"})
    other = folder("b", *TESTS, options={"--seed": "2", "--kubeconfig": "/b"})
    (fact,) = compare(read_snapshot(one), read_snapshot(other)).environment
    assert (fact.name, fact.before, fact.after) == ("option --meshproof-levels", "core", None)


@pytest.mark.parametrize("rendering", ["results.jsonl", "report/conformance.yaml"])
def test_what_a_control_run_says_is_no_verdict_on_the_mesh(folder, rendering):
    plain = folder("a", ("TM-01", "passed"), ("TM-02", "passed"), ("TM-03", "failed"))
    control = [("TM-01", "failed as it must"), ("TM-02", "vacuous"), ("TM-03", "vacuous")]
    told = folder("b", ("TM-01", "passed"), ("TM-02", "passed"), ("TM-03", "failed"), control=control)
    before, after = (read_snapshot(found / rendering) for found in (plain, told))
    assert after.conclusion == "not conformant"
    verdicts = {id_: after.behaviours[id_].verdict for id_ in ("TM-01", "TM-02", "TM-03")}
    assert verdicts == {"TM-01": "passed", "TM-02": "passed", "TM-03": "failed"}
    assert after.behaviours["TM-02"].reason.startswith("passed its control")
    assert (before.control, after.control) == ({}, dict(control))
    for one, other in ((before, after), (after, before)):
        found = compare(one, other)
        assert not any(found.verdicts.values())
        assert (found.worse, found.newly_vacuous, found.no_longer_vacuous) == (False, (), ())


def test_a_report_is_compared_without_being_written(folder):
    found = folder("a", *TESTS)
    assert of_report(read_report(found), str(found)) == read_snapshot(found)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.yaml", "a: [1"),
        ("x.yaml", "kind: Pod"),
        ("x.yaml", "just words"),
        ("x.yml", "\x00"),
        ("results.jsonl", "no json\n"),
    ],
)
def test_what_is_no_report_is_refused_in_a_sentence(tmp_path, name, content):
    (tmp_path / name).write_text(content)
    with pytest.raises(MeshproofError) as raised:
        read_snapshot(tmp_path / name)
    assert raised.value.exit_code is ExitCode.USAGE


def test_a_folder_without_any_report_is_refused(tmp_path):
    with pytest.raises(MeshproofError, match=r"holds neither results.jsonl nor conformance.yaml"):
        read_snapshot(tmp_path)


@pytest.mark.parametrize("name", ["nothing", "nothing.yaml"])
def test_what_is_not_there_is_refused(tmp_path, name):
    with pytest.raises(MeshproofError) as raised:
        read_snapshot(tmp_path / name)
    assert raised.value.exit_code is ExitCode.USAGE
