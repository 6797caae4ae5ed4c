"""What suites may not hold: sleeps, seconds, and budgets of their own."""

import ast
import re
import subprocess
import sys

import pytest

from meshproof.paths import paths

HOUSE = paths().house
MODULES = sorted((HOUSE / "suites").rglob("*.py"))
OF_THE_TABLE = {"within", "for_", "timeout", "budgets"}


def keywords(source):
    """The names of all arguments that are given by name."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    return {keyword.arg for call in calls for keyword in call.keywords}


def imported(source):
    nodes = list(ast.walk(ast.parse(source)))
    modules = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return modules | {node.module for node in nodes if isinstance(node, ast.ImportFrom)}


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.stem)
def test_suite_takes_its_time_from_the_table(module):
    source = module.read_text()
    assert not keywords(source) & OF_THE_TABLE
    assert not imported(source) & {"time", "asyncio", "threading"}


def test_time_of_its_own_would_be_found():
    assert keywords("expect.never(call, check, for_=3)") & OF_THE_TABLE
    assert imported("from time import sleep") == imported("import time") == {"time"}


def test_linter_refuses_to_sleep_in_a_suite():
    words = [sys.executable, "-m", "ruff", "check", "--select", "TID251", "--stdin-filename"]
    for source in ("import time\ntime.sleep(1)\n", "from time import sleep\nsleep(1)\n"):
        found = subprocess.run(
            [*words, "suites/test_x.py", "-"],
            cwd=HOUSE,
            input=source,
            capture_output=True,
            text=True,
            check=False,
        )
        if "No module named ruff" in found.stderr:
            pytest.skip("the linter is not installed here")
        assert "`time.sleep` is banned" in found.stdout


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.stem)
def test_manifest_that_a_suite_names_is_beside_it(module):
    calls = [node for node in ast.walk(ast.parse(module.read_text())) if isinstance(node, ast.Call)]
    named = [keyword.value for call in calls for keyword in call.keywords if keyword.arg == "manifests"]
    given = [ast.literal_eval(name) for name in named]
    files = [file for one in given for file in ([one] if isinstance(one, str) else one)]
    assert [file for file in files if not (module.parent / file).exists()] == []


SERVICES = re.compile(r"\b(productpage|reviews|ratings|details)\b")
FIXTURES = {"bookinfo", "outside", "ratings"}
"""Those with which Bookinfo is deployed."""


def names_bookinfo(module):
    """Whether a service of Bookinfo is named in a module or in a manifest of its name."""
    name = module.stem.removeprefix("test_").replace("_", "-")
    texts = [module.read_text(), *(path.read_text() for path in module.parent.glob(f"{name}.*yaml"))]
    return any(map(SERVICES.search, texts))


def fixtures_of(source):
    """The arguments of all functions, and what `usefixtures` names."""
    nodes = list(ast.walk(ast.parse(source)))
    taken = {arg.arg for node in nodes if isinstance(node, ast.arguments) for arg in node.args}
    used = [
        node
        for node in nodes
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("usefixtures")
    ]
    return taken | {ast.literal_eval(arg) for call in used for arg in call.args}


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.stem)
def test_suite_that_names_a_service_of_bookinfo_asks_for_it(module):
    # A worker without Bookinfo would fail it, and the one that has it would not.
    assert not names_bookinfo(module) or fixtures_of(module.read_text()) & FIXTURES


def test_service_that_nobody_asked_for_would_be_found():
    (reader,) = [module for module in MODULES if module.stem == "test_reviews_by_reader"]
    assert names_bookinfo(reader)
    assert not fixtures_of(reader.read_text().replace("usefixtures", "others")) & FIXTURES
