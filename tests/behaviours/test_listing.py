"""The catalogue as it is written: for people, for programs, and as the page of the documentation."""

import json
from pathlib import Path

import pytest

from meshproof.behaviours import CATALOGUE, FEATURES, Area, Level, State, tested
from meshproof.behaviours.listing import Wanted, as_json, as_markdown, as_text, entries

HOUSE = Path(__file__).resolve().parents[2]
TESTED = frozenset({"TM-01", "OB-11"})
ALL = entries(TESTED)


def ids(wanted):
    return {entry.behaviour.id for entry in ALL if wanted(entry)}


def test_documentation_is_current():
    written = (HOUSE / "docs" / "behaviours.md").read_text()
    now = as_markdown(entries(tested.tested_ids(HOUSE / "suites")))
    assert written.rstrip("\n") == now.rstrip("\n"), (
        "write it anew: meshproof behaviours --format markdown > docs/behaviours.md"
    )


def test_behaviour_is_tested_when_a_module_proves_it_and_else_planned():
    assert {entry.behaviour.id for entry in ALL if entry.state is State.TESTED} == TESTED
    assert len(ALL) == len(CATALOGUE)


@pytest.mark.parametrize(
    ("wanted", "holds"),
    [
        (Wanted(), lambda _: True),
        (Wanted(areas=[Area.EGRESS]), lambda e: e.behaviour.area is Area.EGRESS),
        (Wanted(levels=[Level.DISRUPTIVE]), lambda e: e.behaviour.level is Level.DISRUPTIVE),
        (Wanted(features=["grafana", "kiali"]), lambda e: e.behaviour.features & {"grafana", "kiali"}),
        (Wanted(states=[State.TESTED]), lambda e: e.behaviour.id in TESTED),
        (
            Wanted([Area.TRAFFIC, Area.EGRESS], [Level.CORE], [], [State.PLANNED]),
            lambda e: (
                e.behaviour.id[:2] in {"TM", "EG"}
                and e.behaviour.level is Level.CORE
                and e.behaviour.id != "TM-01"
            ),
        ),
    ],
)
def test_values_of_one_option_widen_and_options_narrow(wanted, holds):
    assert ids(wanted) == {entry.behaviour.id for entry in ALL if holds(entry)} != set()


def test_text_has_a_line_for_each_behaviour_under_its_area():
    lines = as_text(ALL).splitlines()
    headings = [area.heading for area in Area]
    assert lines[0] == headings[0]
    assert [line for line in lines if line in headings] == headings
    assert f"  TM-01  core        tested   {CATALOGUE['TM-01'].sentence}" in lines
    assert any(line.startswith("  OB-11") and line.endswith("(needs ingress, tracing)") for line in lines)
    assert sum(line.startswith("  ") for line in lines) == len(CATALOGUE)
    assert lines[-1] == "121 behaviours: 2 tested, 119 planned"


def test_text_of_nothing_says_so_and_one_is_one():
    assert as_text(()) == "0 behaviours: 0 tested, 0 planned"
    assert as_text(ALL[:1]).endswith("1 behaviour: 0 tested, 1 planned")


def test_json_has_every_field_of_each_behaviour():
    rows = json.loads(as_json(ALL))
    assert [row["id"] for row in rows] == list(CATALOGUE)
    assert next(row for row in rows if row["id"] == "OB-11") == {
        "id": "OB-11",
        "sentence": CATALOGUE["OB-11"].sentence,
        "area": "observability",
        "level": "extended",
        "features": ["ingress", "tracing"],
        "state": "tested",
    }


def test_page_has_a_row_for_each_behaviour_and_each_feature():
    lines = as_markdown(ALL).splitlines()
    first = [line.split("|")[1].strip() for line in lines if line.startswith("|")]
    assert [cell for cell in first if cell in CATALOGUE] == list(CATALOGUE)
    assert [cell.strip("`") for cell in first if cell.startswith("`")] == list(FEATURES)
    assert "| `kiali` | Kiali answers, and says that it runs. | OB-16, OB-17 |" in lines
    assert any(line.startswith("| `load-balancer` |") and line.endswith("| - |") for line in lines)
