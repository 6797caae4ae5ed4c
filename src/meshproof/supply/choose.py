"""Which supply serves: the official releases where their registry answers, else what is built here."""

from urllib.parse import urlsplit

from meshproof.console import say
from meshproof.errors import ExitCode, MeshproofError
from meshproof.paths import Paths
from meshproof.supply.fetch import refusal
from meshproof.supply.model import Supply
from meshproof.supply.packages import Packages
from meshproof.supply.registry import Registry

# Where Docker Hub's images are served from; its first page asks for a login, which is an answer.
IMAGE_REGISTRY = "https://registry-1.docker.io/v2/"
ANSWERS = frozenset({200, 401})
ASK_SECONDS = 3.0
KINDS = ("auto", "registry", "packages")


class RegistrySilent(MeshproofError):
    """The supply `registry` was asked for, and its image registry does not answer."""


def choose(kind: str, paths: Paths, made_from: str | None = None) -> Supply:
    """The supply that serves; with `auto` the choice and its reason are said aloud.

    Args:
        kind: `auto`, `registry` or `packages`.
        paths: where the house and its caches are.
        made_from: the supply of a cluster that is there already. `auto` stays with it and asks nobody, so
            that a cluster once made can be used without a network.

    Raises:
        RegistrySilent: `registry` is asked for and does not answer.
        MeshproofError: there is no such supply.
    """
    if kind not in KINDS:
        raise MeshproofError(
            f"there is no supply {kind!r}", f"use one of: {', '.join(KINDS)}", ExitCode.USAGE
        )
    if kind == "auto" and made_from == Registry.name:
        return Registry(paths)
    if kind == "packages" or (kind == "auto" and made_from == Packages.name):
        return Packages(paths)
    host = urlsplit(IMAGE_REGISTRY).netloc
    why = refusal(IMAGE_REGISTRY, ASK_SECONDS, good=ANSWERS)
    if why is None:
        if kind == "auto":
            say(f"    supply registry: official images, because {host} answers")
        return Registry(paths)
    if kind == "registry":
        raise RegistrySilent(
            f"the image registry {host} does not answer: {why}",
            "check this machine's network or proxy settings, or use --supply packages",
        )
    say(f"    supply packages: images are built here, because {host} does not answer: {why}")
    return Packages(paths)
