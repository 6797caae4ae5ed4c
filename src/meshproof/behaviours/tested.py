"""Which behaviours have a test, read from the suites' text: nothing of them is imported or run."""

import ast
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

from meshproof.errors import ExitCode, MeshproofError


class State(StrEnum):
    """Whether a behaviour can be tried yet."""

    TESTED = "tested"  # a module of the suites proves it
    PLANNED = "planned"  # the catalogue promises it, and no module proves it yet


def tested_ids(
    suites: Path,
    *,
    skip_unreadable: bool = False,  # noqa: PT028 - no test, though the name begins like that of one
) -> frozenset[str]:
    """Return the id in the `behaviour` marker of every test module under a folder.

    Args:
        suites: the folder; its modules are those that pytest would collect, `test_*.py`.
        skip_unreadable: leave out a module that is no Python, because somebody else tells of it.

    Raises:
        MeshproofError: there is no such folder, or a module in it is no Python (exit code 64).
    """
    if not suites.is_dir():
        raise MeshproofError(
            f"there is no folder of suites at {suites}", "run meshproof from its checkout", ExitCode.USAGE
        )
    modules = sorted(suites.rglob("test_*.py"))
    return frozenset(found for module in modules for found in _ids(module, skip_unreadable=skip_unreadable))


def _ids(module: Path, *, skip_unreadable: bool) -> Iterator[str]:
    try:
        tree = ast.parse(module.read_bytes(), filename=str(module))
    except (SyntaxError, ValueError) as error:
        if skip_unreadable:
            return
        raise MeshproofError(
            f"{module} cannot be read as Python ({error})", "correct it", ExitCode.USAGE
        ) from error
    for statement in tree.body:
        if isinstance(statement, ast.Assign | ast.AnnAssign) and _assigns_marks(statement):
            yield from _marked(statement)


def _assigns_marks(statement: ast.Assign | ast.AnnAssign) -> bool:
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    return any(isinstance(target, ast.Name) and target.id == "pytestmark" for target in targets)


def _marked(statement: ast.stmt) -> Iterator[str]:
    """Yield the first argument of every `….behaviour("…")` in a statement: one mark, or one of a list."""
    for node in ast.walk(statement):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
            named = node.args[0]
            if node.func.attr == "behaviour" and isinstance(named, ast.Constant):
                yield str(named.value)
