"""Options that say which behaviours are proven and how: the same for `run` and `control`."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

import typer

from meshproof.behaviours import CATALOGUE, FEATURES, Area, Level
from meshproof.cli.options import Format
from meshproof.results import KNOWN_FAILURE


def _words(given: Iterable[str]) -> list[str]:
    return [word.strip() for text in given for word in text.split(",") if word.strip()]


def _of(kind: type[StrEnum]) -> Callable[[list[str] | None], list[str]]:
    """Check that each word names a member; several may stand in one text, with commas between them."""

    def checked(given: list[str] | None) -> list[str]:
        found = _words(given or ())
        for word in found:
            if word not in list(kind):
                raise typer.BadParameter(f"{word!r} is none of: {', '.join(kind)}")
        return found

    return checked


def _behaviours(given: list[str] | None) -> list[str]:
    """Check that each word is the id of a behaviour, in whatever case."""
    found = [word.upper() for word in _words(given or ())]
    for word in found:
        if word not in CATALOGUE:
            raise typer.BadParameter(f"there is no behaviour {word}; `meshproof behaviours` lists them")
    return found


def _completing(words: Callable[[], Iterable[str]]) -> Callable[[str], list[str]]:
    """Complete the last of several words with commas between them."""

    def complete(incomplete: str) -> list[str]:
        before, comma, last = incomplete.rpartition(",")
        return [before + comma + word for word in words() if word.startswith(last)]

    return complete


Select = Annotated[
    str | None,
    typer.Option("-k", help="Only tests whose name or behaviour matches, as pytest's -k: TM-02."),
]
Areas = Annotated[
    list[str] | None,
    typer.Option(
        metavar="AREA[,AREA]",
        help="Only behaviours of these areas.",
        callback=_of(Area),
        autocompletion=_completing(lambda: list(Area)),
    ),
]
Levels = Annotated[
    list[str] | None,
    typer.Option(
        metavar="LEVEL[,LEVEL]",
        help="Only behaviours of these levels; without it core,extended: what disrupts must be asked for.",
        callback=_of(Level),
        autocompletion=_completing(lambda: list(Level)),
    ),
]
Assume = Annotated[
    list[str] | None,
    typer.Option(
        metavar="FEATURE",
        help="Take a feature for offered, whatever the cluster says; repeatable.",
        autocompletion=_completing(lambda: FEATURES),
    ),
]
Exempt = Annotated[
    list[str] | None,
    typer.Option(
        metavar="FEATURE",
        help="Take a feature for not offered, whatever the cluster says; repeatable.",
        autocompletion=_completing(lambda: FEATURES),
    ),
]
Budget = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME=VALUE", help="One entry of the table of budgets: converge=60; repeatable."),
]
Workers = Annotated[
    int,
    typer.Option("--workers", "-n", min=0, help="Behaviours side by side, each worker in its own namespace."),
]
Seed = Annotated[
    int | None, typer.Option(min=0, max=2**32 - 1, help="The random order that this seed gave before.")
]
Shuffle = Annotated[
    bool,
    typer.Option("--shuffle", help="Random order, with a seed that is told; the default when CI is set."),
]
Resume = Annotated[
    bool, typer.Option("--resume", help="Go on with the run in the output folder: only what is still open.")
]
RequireAll = Annotated[
    bool, typer.Option("--require-all", help="A behaviour that is not offered fails the run.")
]
KnownFailures = Annotated[
    list[str] | None,
    typer.Option(
        "--known-failure",
        metavar="BEHAVIOUR",
        help="A behaviour that the mesh is known not to keep: it stays failed, the run does not fail; "
        "repeatable.",
        callback=_behaviours,
        autocompletion=_completing(lambda: CATALOGUE),
    ),
]
NoSidecars = Annotated[
    bool,
    typer.Option("--no-sidecars", help="Deploy without sidecars, to see that no core behaviour passes then."),
]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="pytest's own output instead of a line each.")]


@dataclass(frozen=True)
class Selection:
    """What of the suites is run, and how.

    Args:
        select: as pytest's -k, or None for all.
        areas: names of areas; all when empty.
        levels: names of levels; those that disrupt nothing when empty.
        assume: features to take for offered.
        exempt: features to take for not offered.
        budgets: entries of the table of budgets, as `name=value`.
        workers: how many behaviours are proven side by side; 0 for one process.
        seed: of a random order that is to be repeated, or None.
        shuffle: whether the order is random.
        resume: whether the run in the output folder goes on.
        require_all: whether a behaviour that is not offered fails the run.
        known_failures: ids of behaviours whose failure does not fail the run.
        control: whether manifests are withheld.
        no_sidecars: whether the shop and the probes are deployed without sidecars.
        verbose: whether pytest's own output is shown.
        form: for whom the run speaks.
    """

    select: str | None = None
    areas: Sequence[str] = ()
    levels: Sequence[str] = ()
    assume: Sequence[str] = ()
    exempt: Sequence[str] = ()
    budgets: Sequence[str] = ()
    workers: int = 0
    seed: int | None = None
    shuffle: bool = False
    resume: bool = False
    require_all: bool = False
    known_failures: Sequence[str] = ()
    control: bool = False
    no_sidecars: bool = False
    verbose: bool = False
    form: Format = Format.TEXT

    def words(self, *, terminal: bool) -> list[str]:
        """Return the plugin's options that say the same.

        Args:
            terminal: whether a person watches, so that a line may change.
        """
        words = [
            *(f"--meshproof-assume={name}" for name in _words(self.assume)),
            *(f"--meshproof-exempt={name}" for name in _words(self.exempt)),
            *(f"--meshproof-budget={entry}" for entry in _words(self.budgets)),
            *(f"{KNOWN_FAILURE}={id_}" for id_ in self.known_failures),
        ]
        if self.areas:
            words.append(f"--meshproof-areas={','.join(self.areas)}")
        if self.levels:
            words.append(f"--meshproof-levels={','.join(self.levels)}")
        if self.seed is not None:
            words.append(f"--meshproof-seed={self.seed}")
        flags = {"shuffle": self.shuffle, "resume": self.resume, "control": self.control}
        flags |= {"require-all": self.require_all, "no-sidecars": self.no_sidecars}
        words += [f"--meshproof-{name}" for name, given in flags.items() if given]
        if self.workers:
            # A module's manifests are applied once: its tests stay with one worker.
            words += ["-n", str(self.workers), "--dist", "loadfile"]
        if self.verbose:
            words.append("--verbose")
        else:
            words.append(f"--meshproof-progress={'live' if terminal else 'lines'}")
        return [*words, "-k", self.select] if self.select else words
