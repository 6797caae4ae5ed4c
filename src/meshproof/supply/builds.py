"""Images that are built here from recipes: what is missing, two side by side, each after what it needs."""

import concurrent.futures
import hashlib
import re
import secrets
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from meshproof.console import Heartbeat, say
from meshproof.errors import MeshproofError
from meshproof.paths import Paths
from meshproof.process import DISK_FULL, CommandFailed, Stopwatch, run, stop_all, tail
from meshproof.supply.engine import Engine
from meshproof.supply.recipe import (
    KEY_LENGTH,
    Recipe,
    build_order,
    image_arguments,
    keys,
    needs,
    reference,
)

# Two builds side by side fill two cores; more only make each slower.
SIDE_BY_SIDE = 2
_STEP = re.compile(r"(\[\d+/\d+\] )?STEP \d|#\d+ \[")
_COUNTS = re.compile(r"(\d+) passed|^# pass (\d+)|^(\d+) runs, |Tests run: (\d+)")
UNREACHABLE = (
    "temporary failure resolving",
    "temporary failure in name resolution",
    "could not resolve",
    "no such host",
    "network is unreachable",
    "connection refused",
)


@contextmanager
def build_lock(paths: Paths, *, wait: bool = True) -> Iterator[None]:
    """Held by whoever builds: two at once would write the same archive, and `down` would tidy work away.

    Args:
        paths: where the caches are.
        wait: whether to wait for another process, aloud.

    Raises:
        filelock.Timeout: another process holds it and this one does not wait.
    """
    paths.cache.mkdir(parents=True, exist_ok=True)
    lock = FileLock(paths.cache / "build.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        if not wait:
            raise
        say("    another meshproof is building on this machine: waiting for it")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


class BuildFailed(MeshproofError):
    """An image could not be built."""


@dataclass(frozen=True)
class Base:
    """What every image stands on.

    Args:
        reference: fills the build argument BASE.
        key: changes when the base does, and with it every image's key.
        make: brings it into the engine, its output to a log; None where the engine pulls it by itself.
    """

    reference: str
    key: str
    make: Callable[[Engine, Path], None] | None = None


class Images:
    """A set of images, each built once for as long as its inputs last.

    Args:
        paths: where caches and logs are.
        recipes: by name, without `base`.
        base: what they stand on.
    """

    def __init__(self, paths: Paths, recipes: Mapping[str, Recipe], base: Base) -> None:
        self._paths = paths
        self._recipes = recipes
        self._base = base
        self._keys = keys(recipes, base.key)
        self._names = [*recipes, "base"]

    def key(self, name: str) -> str:
        """The content key of a recipe."""
        return self._keys[name]

    def reference(self, name: str) -> str:
        """The reference of a recipe's image, or of the base."""
        return self._base.reference if name == "base" else reference(name, self._keys[name])

    def log(self, name: str) -> Path:
        """Where the log of an image's build is."""
        return self._paths.logs / f"build-{name}.log"

    def needs(self, name: str) -> tuple[str, ...]:
        """What must be built before an image."""
        return () if name == "base" else needs(self._recipes[name], self._names)

    def missing(self, have: set[str], wanted: Iterable[str]) -> list[str]:
        """What must be built, in the order of building.

        Args:
            have: references that the engine has.
            wanted: names of the images that are asked for.

        Returns:
            Those of the wanted that are not there, and of what they need only what is not there either.
        """
        wanted = list(wanted)
        absent = [name for name in build_order(self._recipes, wanted) if self.reference(name) not in have]
        kept: set[str] = set()
        for name in reversed(absent):
            if name in wanted or any(name in self.needs(user) for user in kept):
                kept.add(name)
        if self._base.make is None:
            kept.discard("base")
        return [name for name in absent if name in kept]

    def ensure(self, engine: Engine, wanted: Iterable[str]) -> None:
        """Build what is missing.

        Raises:
            BuildFailed: a step of a build failed; the message names it and its log.
        """
        order = self.missing(engine.images(), wanted)
        if not order:
            return
        self._paths.logs.mkdir(parents=True, exist_ok=True)
        say(f"    building {len(order)} images from package registries: {', '.join(order)}")
        Builds(self, engine, order).run()

    def built(self, engine: Engine, name: str) -> str:
        """Build one image and what it needs, where they are missing; returns its reference.

        Raises:
            BuildFailed: a step of a build failed; the message names it and its log.
        """
        with build_lock(self._paths):
            self.ensure(engine, (name,))
        return self.reference(name)

    def test(self, engine: Engine, name: str) -> str:
        """Run the unit tests that a service's Dockerfile has as its stage `test`.

        Returns:
            The line with which the language's test runner closes.

        Raises:
            BuildFailed: a test failed, or none ran; the message names the log.
        """
        self.ensure(engine, self.needs(name))
        self.log(name).parent.mkdir(parents=True, exist_ok=True)
        self.log(name).unlink(missing_ok=True)
        recipe = self._recipes[name]
        # A value that was never used before makes the builder run the step again.
        arguments = {**recipe.arguments, "TEST_RUN": secrets.token_hex(8)}
        tests = Recipe(recipe.name, recipe.folder, "test", arguments)
        tag = f"{self.reference(name)}-test"
        self._logged(name, lambda: self._build(engine, tests, tag))
        engine.prune()
        closing = closing_line(self.log(name).read_text(errors="replace"))
        if closing is None:
            raise BuildFailed(
                f"the tests of {name} ended without one that ran", f"read the log {self.log(name)}"
            )
        return closing

    def build(self, engine: Engine, name: str) -> None:
        """Build one image whose needs are met."""
        self.log(name).unlink(missing_ok=True)
        make = self._base.make
        if name == "base" and make is not None:
            self._logged(name, lambda: make(engine, self.log(name)))
        else:
            recipe = self._recipes[name]
            self._logged(name, lambda: self._build(engine, recipe, self.reference(name)))

    def archive(self, engine: Engine, names: Iterable[str]) -> Path:
        """Images in one archive, as a node loads them; written once for as long as they stay the same."""
        references = [self.reference(name) for name in names]
        key = hashlib.sha256("\n".join(references).encode()).hexdigest()[:KEY_LENGTH]
        folder = self._paths.cache / "archives"
        archive = folder / f"{key}.tar"
        if not archive.exists():
            folder.mkdir(parents=True, exist_ok=True)
            say("    writing the images that the cluster will load to one archive")
            # One archive is enough: an older one holds images that nothing refers to any longer.
            for stale in folder.iterdir():
                stale.unlink()
            engine.save(references, archive)
        return archive

    def _logged(self, name: str, work: Callable[[], None]) -> None:
        try:
            work()
        except (CommandFailed, OSError) as error:
            raise explain(name, self.log(name), error) from error

    def _build(self, engine: Engine, recipe: Recipe, tag: str) -> None:
        arguments = dict(recipe.arguments)
        for argument, name in image_arguments(recipe, self._names).items():
            arguments[argument] = self.reference(name)
        with tempfile.TemporaryDirectory(prefix="meshproof-", dir=self._paths.cache) as scratch:
            folder = recipe.folder
            if recipe.archived:
                folder = Path(scratch) / recipe.name
                shutil.copytree(recipe.folder, folder)
                engine.save([self.reference(name) for name in recipe.archived], folder / "images.tar")
            command = engine.build_command(folder, tag, arguments, recipe.target)
            run(command, log=self.log(recipe.name), env=engine.environment)


class Builds:
    """One round of builds, two side by side, each after what it needs.

    Args:
        images: knows how to build one.
        engine: builds.
        order: names, each after its needs.
    """

    def __init__(self, images: Images, engine: Engine, order: list[str]) -> None:
        self._images = images
        self._engine = engine
        self._order = order
        self._done: set[str] = set()
        self._active: dict[str, Stopwatch] = {}
        self._lock = threading.Lock()
        self._watch = Stopwatch()

    def run(self) -> None:
        """Build all; the first failure ends the round and is raised."""
        waiting = list(self._order)
        futures: dict[concurrent.futures.Future[None], str] = {}
        with Heartbeat(self._progress), concurrent.futures.ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
            try:
                while waiting or futures:
                    for name in [name for name in waiting if self._is_ready(name)]:
                        if len(futures) < SIDE_BY_SIDE:
                            waiting.remove(name)
                            futures[pool.submit(self._one, name)] = name
                    finished, _ = concurrent.futures.wait(
                        futures, return_when=concurrent.futures.FIRST_COMPLETED
                    )
                    for future in finished:
                        name = futures.pop(future)
                        future.result()
                        self._done.add(name)
            except BaseException:
                stop_all()
                raise

    def _is_ready(self, name: str) -> bool:
        return all(needed in self._done or needed not in self._order for needed in self._images.needs(name))

    def _one(self, name: str) -> None:
        with self._lock:
            self._active[name] = watch = Stopwatch()
        self._images.build(self._engine, name)
        with self._lock:
            del self._active[name]
        say(f"    built {name} in {watch.seconds:.0f} s ({len(self._done) + 1} of {len(self._order)})")

    def _progress(self) -> str:
        with self._lock:
            active = dict(self._active)
        steps = [
            f"{name} {current_step(self._images.log(name))} {watch.seconds:.0f} s"
            for name, watch in active.items()
        ]
        done = f"{len(self._done)} of {len(self._order)} done after {self._watch.seconds:.0f} s"
        return f"    building {', '.join(steps) or 'nothing'}; {done}"


def closing_line(output: str) -> str | None:
    """The last line in which pytest, minitest, Surefire or Node's runner counts tests; None when none ran."""
    for line in reversed(output.splitlines()):
        found = _COUNTS.search(line)
        if found and int(next(group for group in found.groups() if group)) > 0:
            return line.strip(" =#")
    return None


def current_step(log: Path) -> str:
    """The last `[1/2] STEP n/m: …` (Podman) or `#n [m/k] …` (Docker) of a build's log, shortened."""
    if not log.exists():
        return ""
    for line in reversed(log.read_text(errors="replace").splitlines()):
        if _STEP.match(line):
            return line[:60]
    return ""


def explain(name: str, log: Path, error: Exception) -> BuildFailed:
    """The one sentence for a failed build: which image, which step, why, and what to do."""
    text = f"{tail(log)}\n{error}"
    lowered = text.lower()
    step = current_step(log)
    where = f"image {name}" + (f", {step}" if step else "")
    if DISK_FULL in lowered:
        return BuildFailed(
            f"the disk is full while building {where}",
            f"free some space (a cold build needs about 25 GB) and run again; the log is {log}",
        )
    if any(sign in lowered for sign in UNREACHABLE):
        return BuildFailed(
            f"a package registry could not be reached while building {where}",
            f"check this machine's network or proxy settings and run again; the log is {log}",
        )
    return BuildFailed(f"building {where} failed", f"read the log {log}")
