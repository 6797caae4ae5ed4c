"""The three renderings and the terminal say the same, whatever the evidence holds."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import junitparser
import pytest
import yaml
from rich.console import Console

from meshproof.behaviours import Area, Behaviour, Level
from meshproof.report.build import build_report
from meshproof.report.conformance import render_conformance
from meshproof.report.html import evidence_rows, render_html
from meshproof.report.junit import render_junit
from meshproof.report.load import Load, LoadLine
from meshproof.report.terminal import summary
from meshproof.report.words import duration
from meshproof.results import PlannedTest, PlanRecord, Propagation

HOSTILE = "</dd><script>alert('x')</script>]]> & \x00\x1b[31m\udcff [bold]red[/bold]"
MIXED = [
    ("TM-01", "passed"),
    ("TM-02", "failed", {"reason": "v1 answered", "evidence": "call      a -> b\nseen      3x reset"}),
    ("TM-02", "passed"),
    ("TM-03", "not offered", {"reason": "gateway-api: no CRDs"}),
    ("SE-01", "error", {"reason": "set-up: no cluster"}),
]
RUNS = {
    "mixed": (MIXED, {}),
    "empty": ([], {}),
    "cut off": (MIXED[:2], {"ended": False, "planned": ["TM-03"], "left_out": ["SE-01"]}),
    "hostile": (
        [("TM-01", "failed", {"reason": HOSTILE, "evidence": HOSTILE})],
        {"options": {HOSTILE: HOSTILE}},
    ),
}


class Page(HTMLParser):
    """Collects the tags of a page, what they refer to, and its text."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.links, self.badges, self.text = [], [], [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.tags.append(tag)
        self.links += [attributes[name] for name in ("href", "src") if name in attributes]
        kinds = (attributes.get("class") or "").split()
        if tag in {"details", "li"} and "behaviour" in kinds:
            self.badges.append(kinds[1])

    def handle_data(self, data):
        self.text.append(data)


@pytest.fixture(params=RUNS.values(), ids=RUNS.keys())
def report(request, run, catalogue):
    tests, options = request.param
    return build_report(run(*tests, **options), catalogue=catalogue)


def test_counts_agree_in_all_renderings(report):
    counts = report.counts
    wanted = {
        "passed": counts.passed,
        "failed": counts.failed,
        "error": counts.errors,
        "not offered": counts.not_offered,
        "interrupted": counts.interrupted,
        "not run": counts.not_run,
        "planned": counts.planned,
    }
    assert sum(wanted.values()) == 4

    cases = junitparser.JUnitXml.fromstring(render_junit(report))
    assert (cases.tests, cases.failures, cases.errors) == (4, counts.failed, counts.errors)
    assert cases.skipped == 4 - counts.passed - counts.failed - counts.errors
    reasons = [
        result.message for suite in cases for case in suite for result in case.result if case.is_skipped
    ]
    skipped = ("not offered", "interrupted", "not run", "planned")
    found = {verdict: sum(reason.startswith(f"{verdict}: ") for reason in reasons) for verdict in skipped}
    assert found == {verdict: wanted[verdict] for verdict in skipped}

    levels = [
        area[level]
        for area in yaml.safe_load(render_conformance(report))["areas"]
        for level in ("core", "extended")
        if level in area
    ]
    names = {
        "passed": "Passed",
        "failed": "Failed",
        "error": "Errors",
        "not offered": "NotOffered",
        "interrupted": "Interrupted",
        "not run": "NotRun",
        "planned": "Planned",
    }
    assert {v: sum(level["statistics"][n] for level in levels) for v, n in names.items()} == wanted

    page = Page(render_html(report).decode())
    assert {verdict: page.badges.count(verdict.replace(" ", "-")) for verdict in wanted} == wanted

    console = Console(width=200)
    with console.capture() as captured:
        console.print(summary(report))
    header, *rows = captured.get().splitlines()[1:4]
    columns = re.split(r"\s{2,}", header.strip())[1:]
    numbers = [list(map(int, re.findall(r"\d+", row))) for row in rows]
    shown = dict(zip(columns, map(sum, zip(*numbers, strict=True)), strict=True))
    assert shown == {v: count for v, count in wanted.items() if count or v in {"passed", "failed"}}


def test_the_page_stands_alone(report):
    page = Page(render_html(report).decode())
    assert {"script", "img", "link", "iframe", "object", "base"}.isdisjoint(page.tags)
    assert all(link.startswith("#") for link in page.links)
    assert "<title>" in render_html(report).decode()


def test_hostile_text_stays_text(run, catalogue):
    tests, options = RUNS["hostile"]
    report = build_report(run(*tests, **options), control=None, catalogue=catalogue)
    page = Page(render_html(report).decode())
    assert "alert('x')" in "".join(page.text)
    assert "script" not in page.tags
    (failure,) = next(
        case.result
        for suite in junitparser.JUnitXml.fromstring(render_junit(report))
        for case in suite
        if case.is_failure
    )
    assert "<script>" in failure.text
    assert "[bold]red[/bold]" in failure.message


def statistics(**counts):
    names = ("Passed", "Failed", "NotOffered", "Errors", "Interrupted", "NotRun", "Planned")
    return dict.fromkeys(names, 0) | counts


def test_conformance_report_has_its_shape(run, catalogue):
    results = run(*MIXED, options={"--seed": "7"})
    document = yaml.safe_load(render_conformance(build_report(results, catalogue=catalogue)))
    assert document == {
        "apiVersion": "meshproof.dev/v1alpha1",
        "kind": "ConformanceReport",
        "date": "2026-11-21T12:02:00Z",
        "implementation": {
            "organization": "istio",
            "project": "istio",
            "url": "https://istio.io/",
            "version": "1.31.1",
            "contact": [],
        },
        "meshproofVersion": "0.1.0",
        "kubernetesVersion": "v1.34.4",
        "istioVersion": "1.31.1",
        "profile": "demo",
        "conclusion": "not conformant",
        "seed": "7",
        "control": {
            "result": "not run",
            "failedAsTheyMust": 0,
            "ableToFail": [],
            "vacuous": [],
            "vacuousPasses": [],
            "errors": [],
            "notRun": 4,
        },
        "features": [
            {"name": "ingress", "offered": True, "value": "node port", "found": "the Service has one"},
            {"name": "gateway-api", "offered": False, "found": "its kinds are not served"},
        ],
        "seconds": {"TM-01": 1.5, "TM-02": 3.0, "TM-03": 1.5, "SE-01": 1.5},
        "areas": [
            {
                "name": "traffic",
                "core": {
                    "result": "failure",
                    "statistics": statistics(Passed=1, Failed=1),
                    "passedBehaviours": ["TM-01"],
                    "failedBehaviours": ["TM-02"],
                },
                "extended": {
                    "result": "partial",
                    "statistics": statistics(NotOffered=1),
                    "notOfferedBehaviours": [{"id": "TM-03", "reason": "gateway-api: no CRDs"}],
                },
            },
            {
                "name": "security",
                "core": {
                    "result": "partial",
                    "statistics": statistics(Errors=1),
                    "errorBehaviours": [{"id": "SE-01", "reason": "set-up: no cluster"}],
                },
            },
        ],
    }


def test_the_control_is_in_every_rendering(run, catalogue):
    verdicts = (("TM-01", "failed as it must"), ("TM-02", "vacuous"), ("SE-01", "error"))
    report = build_report(run(*MIXED), control=run(*verdicts, control=True), catalogue=catalogue)
    assert yaml.safe_load(render_conformance(report))["control"] == {
        "result": "failure",
        "failedAsTheyMust": 1,
        "ableToFail": ["TM-01"],
        "vacuous": ["TM-02"],
        "vacuousPasses": [],
        "errors": ["SE-01"],
        "notRun": 1,
    }
    for suite in junitparser.JUnitXml.fromstring(render_junit(report)):
        assert {p.name: p.value for p in suite.properties()}["control"] == "failure"
    header = _header(report)
    assert "control: 1 of 3 failed as they must" in header
    assert "no control run" not in header


def test_a_pass_that_only_the_control_made_a_failure_is_named(run, catalogue):
    control = run(("TM-01", "vacuous"), ("TM-02", "vacuous"), control=True)
    tests = [("TM-01", "passed"), ("TM-02", "passed"), ("TM-02", "failed")]
    found = yaml.safe_load(
        render_conformance(build_report(run(*tests), control=control, catalogue=catalogue))
    )
    assert found["areas"][0]["core"]["failedBehaviours"] == ["TM-01", "TM-02"]
    assert (found["control"]["vacuous"], found["control"]["vacuousPasses"]) == (["TM-01", "TM-02"], ["TM-01"])


def test_a_behaviour_without_a_test_is_not_one_that_the_control_left_out(run, catalogue):
    control = run(("TM-01", "failed as it must"), control=True)
    report = build_report(run(("TM-01", "passed"), ("TM-02", "passed")), control=control, catalogue=catalogue)
    assert yaml.safe_load(render_conformance(report))["control"]["notRun"] == 1


def test_the_table_of_areas_adds_up(report):
    table = render_html(report).decode().partition('id="areas"')[2].partition("</table>")[0]
    header, *rows = table.split("<tr")[1:]
    names = re.findall(r'<th class="number">([^<]*)</th>', header)
    assert names == ["Passed", "Failed", "Error", "Not offered", "Interrupted", "Not run", "No test yet"]
    numbers = [[int(n) for n in re.findall(r'<td class="number[^"]*">(\d+)</td>', row)] for row in rows]
    *areas, everything = numbers
    counts = report.counts
    assert everything == [
        counts.passed,
        counts.failed,
        counts.errors,
        counts.not_offered,
        counts.interrupted,
        counts.not_run,
        counts.planned,
    ]
    assert [sum(column) for column in zip(*areas, strict=True)] == everything


def test_a_conformant_run_without_its_control_says_so_beside_the_headline(run, catalogue):
    report = build_report(run(*((id_, "passed") for id_ in catalogue)), catalogue=catalogue)
    header = _header(report)
    assert "Conformant 4 of 4 behaviours passed; no control run has shown that these tests can fail" in header
    assert "control: not run" in header
    for suite in junitparser.JUnitXml.fromstring(render_junit(report)):
        assert {p.name: p.value for p in suite.properties()}["control"] == "not run"


def _header(report):
    header = render_html(report).decode().partition("<header")[2].partition("</header>")[0]
    return " ".join(" ".join(Page(f"<header{header}").text).split())


def test_junit_names_the_tests_and_the_environment(run, catalogue):
    document = junitparser.JUnitXml.fromstring(render_junit(build_report(run(*MIXED), catalogue=catalogue)))
    traffic = next(iter(document))
    assert {p.name: p.value for p in traffic.properties()}["istio"] == "1.31.1"
    failed = next(case for case in traffic if case.is_failure)
    assert (failed.name, failed.classname) == ("TM-02 Readers are told apart.", "meshproof.traffic.core")
    assert (
        failed.result[0].text == "test_TM-02.py::test[1]\nv1 answered\ncall      a -> b\nseen      3x reset"
    )
    assert failed.system_out.splitlines() == [
        "failed: test_TM-02.py::test[1] (1.5 s)",
        "passed: test_TM-02.py::test[2] (1.5 s)",
    ]


def test_the_page_shows_what_a_release_manager_asks(run, catalogue):
    control = run(("TM-01", "failed as it must"), ("TM-02", "vacuous"), control=True)
    line = LoadLine(
        name="GET /productpage", requests=90, failures=2, per_second=3.0, p50=4, p95=7, p99=None, slowest=70.4
    )
    total = line.model_copy(update={"name": "all requests"})
    load = Load(seconds=30, lines=(line,), total=total, page="load.html")
    report = build_report(run(*MIXED), control=control, load=load, notes=["A note."], catalogue=catalogue)
    page = Page(render_html(report).decode())
    text = " ".join(" ".join(page.text).split())
    for shown in (
        "Istio 1.31.1 on Kubernetes v1.34.4", "Not conformant", "Readers are told apart.", "v1 answered",
        "seen 3x reset", "gateway-api: no CRDs", "1 of 2 behaviours failed as they must",
        "1 passed and so prove nothing", "90 requests in 30 s, 2 failed", "stock Envoy 1.40.0", "sha256:0123",
        "node-1", "A note.",
    ):  # fmt: skip
        assert shown in text
    assert "../report/load.html" in page.links


def test_the_terminal_names_what_did_not_pass(run, catalogue):
    failed = {"reason": "t[a] missed [bold]", "hint": "not injected"}
    results = run(("TM-01", "passed"), ("TM-02", "failed", failed), left_out=["TM-03", "SE-01"])
    console = Console(width=200)
    with console.capture() as captured:
        console.print(summary(build_report(results, catalogue=catalogue)))
    first, *rest = captured.get().splitlines()
    assert first == "Not conformant: 1 of 4 behaviours passed, 1 failed, 2 not run"
    assert rest[-3:] == [
        "TM-02 failed  Readers are told apart. (t[a] missed [bold])",
        "  hint  not injected",
        "not run: TM-03, SE-01",
    ]


def test_what_was_not_recorded_is_said(run, catalogue):
    report = build_report(run(environment={}), catalogue=catalogue)
    text = " ".join(Page(render_html(report).decode()).text)
    assert "not recorded" in text
    assert "No control run counts here" in text
    assert yaml.safe_load(render_conformance(report))["istioVersion"] == "unknown"


def times(results, ids):
    """Return results in which every one of these behaviours has the one test's."""
    (test,) = results.tests
    tests = tuple(test.model_copy(update={"behaviour": id_, "test": f"test_{id_}.py::test"}) for id_ in ids)
    planned = tuple(PlannedTest(behaviour=test.behaviour, test=test.test) for test in tests)
    return replace(results, tests=tests, plan=PlanRecord(tests=planned))


@pytest.mark.parametrize("line", ["seen      1x something else\n", "<'\N{BLACK STAR}'>"])
def test_a_page_of_500_failed_behaviours_stays_under_5_mb(run, line):
    ids = [f"{a}{b}-{n:02d}" for a in "AB" for b in "ABCDE" for n in range(50)]
    areas = list(Area)
    many = {
        id_: Behaviour(id_, "A promise of the mesh.", areas[number % len(areas)], Level.CORE)
        for number, id_ in enumerate(ids)
    }
    details = {
        # Each longer than what the page shows of it.
        "reason": f"missed {line * 200}"[:1_000],
        "evidence": (line * 1_400)[:7_000],
        "hint": f"look {line * 200}"[:1_000],
        "diagnostics": "diagnostics/AA-01-1",
        "propagation": Propagation(pushed=0.1, acknowledged=0.2, answered=0.3, proxies=3),
    }
    control = times(run(("TM-01", "failed as it must", details), control=True), ids)
    report = build_report(times(run(("TM-01", "failed", details)), ids), control=control, catalogue=many)
    assert report.counts.failed == 500
    assert len(render_html(report)) < 5_000_000


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 ms"),
        (0.0834, "83 ms"),
        (4.25, "4.2 s"),
        (31.6, "32 s"),
        (59.7, "1 min 0 s"),
        (95, "1 min 35 s"),
    ],
)
def test_durations_read_as_people_say_them(seconds, said):
    assert duration(seconds) == said


@pytest.mark.parametrize(
    ("evidence", "rows"),
    [
        ("", []),
        (
            "call      a -> b\nseen      1x 200\n          2x 503",
            [("call", "a -> b"), ("seen", "1x 200\n2x 503")],
        ),
        ("Traceback:\n  File x", [("", "Traceback:\nFile x")]),
        ("\n\ncall  a", [("call", "a")]),
    ],
)
def test_evidence_becomes_rows(evidence, rows):
    assert evidence_rows(evidence) == rows
