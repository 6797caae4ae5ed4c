"""What the user asks of a run, as the suites are told it."""

import pytest
import typer
from typer.testing import CliRunner

from meshproof.cli.selection import Areas, Assume, Levels, Selection
from meshproof.errors import ExitCode


def test_a_run_without_wishes_says_a_line_per_behaviour():
    assert Selection().words(terminal=False) == ["--meshproof-progress=lines"]


def test_on_a_terminal_the_lines_are_alive():
    assert Selection().words(terminal=True) == ["--meshproof-progress=live"]


def test_pytests_own_output_is_there_for_who_asks():
    assert Selection(verbose=True).words(terminal=True) == ["--verbose"]


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        (Selection(areas=["traffic", "security"]), ["--meshproof-areas=traffic,security"]),
        (Selection(levels=["core"]), ["--meshproof-levels=core"]),
        (Selection(assume=["grafana", "kiali"]), ["--meshproof-assume=grafana", "--meshproof-assume=kiali"]),
        (Selection(exempt=["tracing,ingress"]), ["--meshproof-exempt=tracing", "--meshproof-exempt=ingress"]),
        (Selection(budgets=["converge=60"]), ["--meshproof-budget=converge=60"]),
        (Selection(seed=0), ["--meshproof-seed=0"]),
        (Selection(shuffle=True), ["--meshproof-shuffle"]),
        (Selection(resume=True), ["--meshproof-resume"]),
        (Selection(control=True), ["--meshproof-control"]),
        (Selection(require_all=True), ["--meshproof-require-all"]),
        (Selection(known_failures=["IN-06"]), ["--meshproof-known-failure=IN-06"]),
        (Selection(workers=2), ["-n", "2", "--dist", "loadfile"]),
        (Selection(select="TM-02"), ["-k", "TM-02"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_each_wish_has_an_option(wish, words):
    told = [word for word in wish.words(terminal=False) if word != "--meshproof-progress=lines"]
    assert told == words


def test_every_option_is_one_that_the_plugin_has(pytester):
    everything = Selection(
        select="x",
        areas=["traffic"],
        levels=["core"],
        assume=["tracing"],
        exempt=["ingress"],
        budgets=["converge=60"],
        workers=1,
        seed=1,
        shuffle=True,
        resume=True,
        require_all=True,
        known_failures=["IN-06"],
        control=True,
    )
    words = everything.words(terminal=False)
    options = pytester.parseconfig(*words).option
    assert options.meshproof_areas == "traffic"
    assert (options.meshproof_assume, options.meshproof_exempt) == (["tracing"], ["ingress"])
    assert options.meshproof_budget == ["converge=60"]
    assert options.meshproof_known_failure == ["IN-06"]
    assert (options.meshproof_seed, options.numprocesses, options.keyword) == (1, 1, "x")
    flags = ("shuffle", "resume", "control", "require_all")
    assert all(getattr(options, f"meshproof_{flag}") for flag in flags)


@pytest.fixture
def chosen():
    """Run a command with the options, and return what they gave it."""
    app = typer.Typer()
    found = {}

    @app.command()
    def command(areas: Areas = None, levels: Levels = None, assume: Assume = None) -> None:
        found.update(areas=areas, levels=levels, assume=assume)

    def run(*words):
        return CliRunner().invoke(app, words), found

    return run


def test_several_areas_may_stand_in_one_word_or_in_many(chosen):
    done, found = chosen("--areas", "traffic, security", "--areas", "ingress")
    assert done.exit_code == ExitCode.OK
    assert found["areas"] == ["traffic", "security", "ingress"]


@pytest.mark.parametrize(("option", "known"), [("--areas", "control-plane"), ("--levels", "disruptive")])
def test_an_unknown_name_is_refused_with_those_that_there_are(chosen, option, known):
    done, _ = chosen(option, "moon")
    assert done.exit_code != ExitCode.OK
    assert "moon" in done.output
    assert known in done.output
