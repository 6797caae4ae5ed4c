"""Which behaviours a run is about, and in which order their modules run."""

import pytest

from meshproof.behaviours import CATALOGUE, Area, Level


def one_of(area=None, level=Level.CORE):
    return next(
        behaviour.id
        for behaviour in CATALOGUE.values()
        if behaviour.level is level and area in {None, behaviour.area} and behaviour.features <= {"ingress"}
    )


TRAFFIC, SECURITY = one_of(Area.TRAFFIC), one_of(Area.SECURITY)
EXTENDED, DISRUPTIVE = one_of(level=Level.EXTENDED), one_of(level=Level.DISRUPTIVE)
ALL = (TRAFFIC, SECURITY, EXTENDED, DISRUPTIVE)


@pytest.fixture
def four(suite):
    for number, id_ in enumerate(ALL):
        text = f"import pytest\npytestmark = pytest.mark.behaviour({id_!r})\ndef test_a(): pass\n"
        suite.module(text, f"test_{number}")
    return suite


def ran(suite):
    return [record["behaviour"] for record in suite.records if record["kind"] == "test"]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ([], {TRAFFIC, SECURITY, EXTENDED}),
        (["--meshproof-levels", "core"], {TRAFFIC, SECURITY}),
        (["--meshproof-levels", "core, disruptive"], {TRAFFIC, SECURITY, DISRUPTIVE}),
        (["--meshproof-areas", "security", "--meshproof-levels", "core"], {SECURITY}),
        (["-k", f"{TRAFFIC} or {DISRUPTIVE}"], {TRAFFIC}),
    ],
)
def test_only_what_was_asked_for_runs_and_the_plan_names_the_rest(four, options, expected):
    assert four.run(*options).ret == 0
    assert set(ran(four)) == expected
    planned = {planned["behaviour"]: planned["selected"] for planned in four.records[1]["tests"]}
    assert planned == {id_: id_ in expected for id_ in ALL}


def test_plan_names_what_the_suites_prove_beyond_what_was_collected(suite):
    (suite.folder / "suites").mkdir()
    for id_ in (TRAFFIC, SECURITY):
        text = f"import pytest\npytestmark = pytest.mark.behaviour({id_!r})\ndef test_a(): pass\n"
        (suite.folder / f"suites/test_{id_}.py").write_text(text)
    suite.run(f"suites/test_{TRAFFIC}.py")
    plan = suite.records[1]
    assert [planned["behaviour"] for planned in plan["tests"]] == [TRAFFIC]
    assert set(plan["tested"]) == {TRAFFIC, SECURITY}


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("--meshproof-areas=trafic", "--meshproof-areas: there is no area 'trafic'; use some of: *traffic*"),
        ("--meshproof-levels=core,all", "--meshproof-levels: there is no level 'all'; use some of: core*"),
        ("--meshproof-assume=promtheus", "--assume promtheus names no feature; use prometheus*"),
        ("--meshproof-budget=convrege=60", "there is no budget 'convrege'; give converge=*"),
    ],
)
def test_word_that_names_nothing_is_a_usage_error(four, option, said):
    result = four.run(option)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: {said}"])
    assert not (four.folder / "out").exists()


def test_order_is_as_listed_unless_a_random_one_is_asked_for(four, monkeypatch):
    monkeypatch.delenv("CI", raising=False)
    four.run()
    assert ran(four) == [TRAFFIC, SECURITY, EXTENDED]
    assert "--seed" not in four.records[0]["options"]


@pytest.mark.parametrize("asks", ["option", "CI"])
def test_random_order_tells_its_seed_and_the_seed_repeats_it(four, monkeypatch, asks):
    monkeypatch.setenv("CI", "true" if asks == "CI" else "")
    four.run(*(["--meshproof-shuffle"] if asks == "option" else []))
    first, seed = ran(four), four.records[0]["options"]["--seed"]
    four.clear()
    four.run("--meshproof-seed", seed)
    assert ran(four) == first
    assert sorted(first) == sorted([TRAFFIC, SECURITY, EXTENDED])


def test_seeds_give_different_orders(four):
    orders = set()
    for seed in range(6):
        four.run("--meshproof-seed", str(seed))
        orders.add(tuple(ran(four)))
        four.clear()
    assert len(orders) > 1
