"""The published JSON Schema is that of the documents that are written, and refuses others."""

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from meshproof.report.build import build_report
from meshproof.report.conformance import ConformanceReport, conformance, render_conformance
from meshproof.report.schema import published
from meshproof.results import Propagation

FILE = Path(__file__).resolve().parents[2] / "docs" / "conformance-report.schema.json"
RUNS = {
    "all passed": ([("TM-01", "passed"), ("TM-02", "passed"), ("TM-03", "passed"), ("SE-01", "passed")], {}),
    "every verdict": (
        [("TM-01", "failed"), ("TM-02", "error"), ("TM-03", "not offered")],
        {"planned": ["SE-01"], "interrupted": "Ctrl-C", "options": {"--seed": "3"}},
    ),
    "nothing recorded": ([], {"environment": {}, "ended": False}),
    "propagation": ([("TM-01", "passed", {"propagation": Propagation(pushed=0.1, proxies=2)})], {}),
}


@pytest.fixture(scope="module")
def validator():
    schema = json.loads(FILE.read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())


@pytest.fixture
def document(run, catalogue):
    def make(name):
        tests, options = RUNS[name]
        control = run(("TM-01", "failed as it must"), ("TM-02", "vacuous"), control=True)
        return build_report(run(*tests, **options), control=control, catalogue=catalogue)

    return make


def test_the_published_schema_is_current():
    assert FILE.read_text() == published(), (
        f"write it anew: python -m meshproof.report.schema > docs/{FILE.name}"
    )


@pytest.mark.parametrize("name", RUNS)
def test_every_document_that_is_written_is_valid_and_reads_back(validator, document, name):
    report = document(name)
    written = yaml.safe_load(render_conformance(report))
    validator.validate(written)
    assert ConformanceReport.model_validate(written) == conformance(report)


@pytest.mark.parametrize(
    "break_it",
    [
        lambda found: found.pop("apiVersion"),
        lambda found: found.update(conclusion="fine"),
        lambda found: found.update(surprise=1),
        lambda found: found["areas"][0]["core"]["statistics"].pop("Planned"),
        lambda found: found["areas"][0]["core"]["statistics"].update(Passed="three"),
        lambda found: found["features"][0].pop("found"),
    ],
)
def test_a_document_of_another_shape_is_refused(validator, document, break_it):
    written = yaml.safe_load(render_conformance(document("all passed")))
    break_it(written)
    assert not validator.is_valid(written)


def test_each_field_of_the_document_is_described_that_needs_it():
    properties = json.loads(published())["properties"]
    assert properties["propagation"]["description"].startswith("how long configuration took to take effect")
