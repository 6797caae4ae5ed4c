"""What each image is made of, and the key by which it is found again: pure, no engine needed.

An image is built from one folder with a Dockerfile. A build argument there that bears another recipe's
name in capitals (`ARG GO`, `ARG KUBERNETES`) is filled with that recipe's image and makes it a dependency,
so that the Dockerfile alone says what an image stands on.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

PREFIX = "localhost/meshproof"
KEY_LENGTH = 16
# Left behind by running a service's tests on the host; never part of an image.
NOT_INPUT = {"__pycache__", "node_modules", "target", ".pytest_cache", ".ruff_cache", ".mypy_cache", ".venv"}
# Likewise: made from the .proto files, in the image and, for work outside it, in the folder.
GENERATED = ("_pb2.py", "_pb2_grpc.py")

_ARGUMENT = re.compile(r"^ARG\s+([A-Z][A-Z_]*)", re.MULTILINE)
_STAGE = re.compile(r"^FROM\s.*\sAS\s+test\s*$", re.MULTILINE | re.IGNORECASE)


@dataclass(frozen=True)
class Recipe:
    """One image.

    Args:
        name: the image's name, the last part of its reference.
        folder: the build context, with its Dockerfile.
        target: the stage to build; the last one when empty.
        arguments: further build arguments, by name.
        archived: recipes whose images the context holds as `images.tar`.
    """

    name: str
    folder: Path
    target: str = ""
    arguments: Mapping[str, str] = field(default_factory=dict)
    archived: tuple[str, ...] = ()

    def dockerfile(self) -> str:
        """The text of the Dockerfile."""
        return (self.folder / "Dockerfile").read_text()

    def has_tests(self) -> bool:
        """Whether the Dockerfile has a stage named `test`."""
        return _STAGE.search(self.dockerfile()) is not None


def image_arguments(recipe: Recipe, names: Iterable[str]) -> dict[str, str]:
    """The build arguments that stand for images: argument name -> recipe name."""
    declared = set(_ARGUMENT.findall(recipe.dockerfile()))
    by_argument = {name.upper().replace("-", "_"): name for name in names}
    return {argument: by_argument[argument] for argument in sorted(declared & by_argument.keys())}


def needs(recipe: Recipe, names: Iterable[str]) -> tuple[str, ...]:
    """The recipes that must be built before this one."""
    return tuple(sorted({*image_arguments(recipe, names).values(), *recipe.archived}))


def inputs(folder: Path) -> list[Path]:
    """The files that a build of the folder can see, in a stable order."""
    return sorted(
        path
        for path in folder.rglob("*")
        if path.is_file()
        and not NOT_INPUT.intersection(path.relative_to(folder).parts)
        and not path.name.endswith(GENERATED)
    )


def keys(recipes: Mapping[str, Recipe], base_key: str) -> dict[str, str]:
    """The content key of every recipe, `base` included.

    Args:
        recipes: by name, without `base`.
        base_key: the key of the base image, which has no Dockerfile.

    Returns:
        Name -> key. Two equal keys mean the same files, arguments and dependencies, down to the base.
    """
    found = {"base": base_key}
    names = [*recipes, "base"]

    def key(name: str) -> str:
        if name not in found:
            recipe = recipes[name]
            digest = hashlib.sha256()
            for path in inputs(recipe.folder):
                mode = "x" if path.stat().st_mode & 0o100 else "-"
                digest.update(f"{path.relative_to(recipe.folder)}\0{mode}\0".encode())
                digest.update(hashlib.sha256(path.read_bytes()).digest())
            digest.update(repr((recipe.target, sorted(recipe.arguments.items()))).encode())
            for needed in needs(recipe, names):
                digest.update(f"{needed}={key(needed)}\0".encode())
            found[name] = digest.hexdigest()[:KEY_LENGTH]
        return found[name]

    for name in recipes:
        key(name)
    return found


def reference(name: str, key: str) -> str:
    """The full reference of a built image."""
    return f"{PREFIX}/{name}:{key}"


def build_order(recipes: Mapping[str, Recipe], wanted: Iterable[str]) -> list[str]:
    """The wanted recipes and all that they need, each after its needs; `base` comes first."""
    names = [*recipes, "base"]
    order: list[str] = ["base"]

    def visit(name: str) -> None:
        if name in order:
            return
        for needed in needs(recipes[name], names):
            visit(needed)
        order.append(name)

    for name in wanted:
        visit(name)
    return order
