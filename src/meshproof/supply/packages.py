"""Supply `packages`: every image built here from package registries, each once for as long as its inputs last."""

import concurrent.futures
import hashlib
import shutil
import tempfile
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path

from meshproof.console import Heartbeat, say
from meshproof.errors import MeshproofError
from meshproof.paths import Paths
from meshproof.process import CommandFailed, Stopwatch, run, stop_all, tail
from meshproof.supply.engine import Engine
from meshproof.supply.host import ready_bootstrap
from meshproof.supply.model import Charts, ProxyBuild, Supplied, Tools
from meshproof.supply.recipe import (
    KEY_LENGTH,
    Recipe,
    build_order,
    image_arguments,
    keys,
    needs,
    reference,
)
from meshproof.supply.recipes import CLUSTER_IMAGES, HOST_TOOLS, recipes, versions

# Two builds side by side fill two cores; more only make each slower.
SIDE_BY_SIDE = 2
BASE_FLAGS = (
    "--variant=minbase",
    "--include=ca-certificates",
    "--dpkgopt=path-exclude=/usr/share/doc/*",
    "--dpkgopt=path-exclude=/usr/share/man/*",
    "--dpkgopt=path-exclude=/usr/share/locale/*",
)
FULL = "no space left on device"
UNREACHABLE = (
    "temporary failure resolving",
    "temporary failure in name resolution",
    "could not resolve",
    "no such host",
    "network is unreachable",
    "connection refused",
)


class BuildFailed(MeshproofError):
    """An image could not be built."""


class Packages:
    """Builds what is missing.

    Args:
        paths: where the house and its caches are.
    """

    name = "packages"

    def __init__(self, paths: Paths) -> None:
        self._paths = paths
        self._recipes = recipes(paths.house)
        self._versions = versions(paths.house)["packages"]
        suite = self._versions["debian"]
        base = hashlib.sha256(repr((suite, BASE_FLAGS)).encode()).hexdigest()[:KEY_LENGTH]
        self._keys = keys(self._recipes, base)

    def reference(self, name: str) -> str:
        """The reference of a recipe's image."""
        return reference(name, self._keys[name])

    def prepare(self, engine: Engine) -> Supplied:
        """Build, extract and archive what is missing.

        Raises:
            BuildFailed: a step of a build failed; the message names it and its log.
        """
        wanted = ["node", *CLUSTER_IMAGES, *HOST_TOOLS]
        self._build(engine, wanted)
        tools = {name: path for recipe in HOST_TOOLS for name, path in self._tools(engine, recipe).items()}
        charts = tools["charts"]
        images = {name: self.reference(name) for name in CLUSTER_IMAGES}
        return Supplied(
            supply=self.name,
            tools=Tools(
                kind=tools["kind"],
                helm=tools["helm"],
                kubectl=tools["kubectl"],
                istioctl=tools["istioctl"],
            ),
            charts=Charts(
                base=str(charts / "base"),
                istiod=str(charts / "istio-control" / "istio-discovery"),
                gateway=str(charts / "gateway"),
            ),
            istio_version=self._versions["istio"],
            node_image=self.reference("node"),
            images=images,
            load=tuple(images.values()),
            archive=self._archive(engine, tuple(images.values())),
            proxy=ProxyBuild.STOCK,
            own_network=True,
        )

    def test(self, engine: Engine, name: str) -> None:
        """Run the unit tests that a service's Dockerfile has as its stage `test`.

        Raises:
            BuildFailed: a test failed; the message names the log.
        """
        self._build(engine, needs(self._recipes[name], [*self._recipes, "base"]))
        recipe = self._recipes[name]
        self._build_one(engine, Recipe(recipe.name, recipe.folder, "test"), f"{self.reference(name)}-test")

    def _build(self, engine: Engine, wanted: Iterable[str]) -> None:
        have = engine.images()
        order = [name for name in build_order(self._recipes, wanted) if self.reference(name) not in have]
        order = self._still_needed(order, wanted)
        if not order:
            return
        if "base" in order:
            ready_bootstrap()
        self._paths.logs.mkdir(parents=True, exist_ok=True)
        say(f"    building {len(order)} images from package registries: {', '.join(order)}")
        Builds(self, engine, order).run()

    def _still_needed(self, missing: list[str], wanted: Iterable[str]) -> list[str]:
        """Of the missing images, those that are wanted or that another missing one is built from."""
        names = [*self._recipes, "base"]
        kept: set[str] = set()
        for name in reversed(missing):
            users = (user for user in kept if user != "base")
            if name in set(wanted) or any(name in needs(self._recipes[user], names) for user in users):
                kept.add(name)
        return [name for name in missing if name in kept]

    def dependencies(self, name: str) -> tuple[str, ...]:
        """What must be built before an image."""
        return () if name == "base" else needs(self._recipes[name], [*self._recipes, "base"])

    def log(self, name: str) -> Path:
        """Where the log of an image's build is."""
        return self._paths.logs / f"build-{name}.log"

    def build(self, engine: Engine, name: str) -> None:
        """Build one image whose needs are met."""
        self.log(name).unlink(missing_ok=True)
        if name == "base":
            self._bootstrap(engine)
        else:
            self._build_one(engine, self._recipes[name], self.reference(name))

    def _build_one(self, engine: Engine, recipe: Recipe, tag: str) -> None:
        log = self.log(recipe.name)
        log.parent.mkdir(parents=True, exist_ok=True)
        arguments = dict(recipe.arguments)
        for argument, name in image_arguments(recipe, [*self._recipes, "base"]).items():
            arguments[argument] = self.reference(name)
        with tempfile.TemporaryDirectory(prefix="meshproof-", dir=self._paths.cache) as scratch:
            folder = recipe.folder
            try:
                if recipe.archived:
                    folder = Path(scratch) / recipe.name
                    shutil.copytree(recipe.folder, folder)
                    engine.save([self.reference(name) for name in recipe.archived], folder / "images.tar")
                run(engine.build_command(folder, tag, arguments, recipe.target), log=log, env=engine.environment)
            except (CommandFailed, OSError) as error:
                raise explain(recipe.name, log, error) from error

    def _bootstrap(self, engine: Engine) -> None:
        log = self.log("base")
        with tempfile.TemporaryDirectory(prefix="meshproof-", dir=self._paths.cache) as scratch:
            archive = Path(scratch) / "base.tar"
            try:
                run(["mmdebstrap", *BASE_FLAGS, self._versions["debian"], archive], log=log)
                run(engine.command("import", archive, self.reference("base")), log=log, env=engine.environment)
            except (CommandFailed, OSError) as error:
                raise explain("base", log, error) from error

    def _tools(self, engine: Engine, recipe: str) -> dict[str, Path]:
        folder = self._paths.cache / "tools" / f"{recipe}-{self._keys[recipe]}"
        if not folder.exists():
            folder.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix="meshproof-", dir=folder.parent) as scratch:
                partial = Path(scratch) / "partial"
                partial.mkdir()
                for name, inside in HOST_TOOLS[recipe].items():
                    engine.extract(self.reference(recipe), inside, partial / name)
                partial.rename(folder)
        return {name: folder / name for name in HOST_TOOLS[recipe]}

    def _archive(self, engine: Engine, references: tuple[str, ...]) -> Path:
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


class Builds:
    """One round of builds, two side by side, each after what it needs.

    Args:
        packages: knows how to build one.
        engine: builds.
        order: names, each after its needs.
    """

    def __init__(self, packages: Packages, engine: Engine, order: list[str]) -> None:
        self._packages = packages
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
        return all(
            needed in self._done or needed not in self._order for needed in self._packages.dependencies(name)
        )

    def _one(self, name: str) -> None:
        with self._lock:
            self._active[name] = watch = Stopwatch()
        self._packages.build(self._engine, name)
        with self._lock:
            del self._active[name]
        say(f"    built {name} in {watch.seconds:.0f} s ({len(self._done) + 1} of {len(self._order)})")

    def _progress(self) -> str:
        with self._lock:
            active = dict(self._active)
        steps = [f"{name} {current_step(self._packages.log(name))} {watch.seconds:.0f} s" for name, watch in active.items()]
        done = f"{len(self._done)} of {len(self._order)} done after {self._watch.seconds:.0f} s"
        return f"    building {', '.join(steps) or 'nothing'}; {done}"


def current_step(log: Path) -> str:
    """The last `STEP n/m: …` (Podman) or `#n [m/k] …` (Docker) of a build's log, shortened."""
    if not log.exists():
        return ""
    for line in reversed(log.read_text(errors="replace").splitlines()):
        if line.startswith("STEP ") or (line.startswith("#") and " [" in line):
            return line[:60]
    return ""


def explain(name: str, log: Path, error: Exception) -> BuildFailed:
    """The one sentence for a failed build: which image, which step, why, and what to do."""
    text = f"{tail(log)}\n{error}"
    lowered = text.lower()
    step = current_step(log)
    where = f"image {name}" + (f", {step}" if step else "")
    if FULL in lowered:
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


def cached(paths: Paths, engine: Engine) -> Mapping[str, str]:
    """What is kept between runs, for `down` to name: place -> what it holds."""
    images = [image for image in engine.images() if image.startswith("localhost/meshproof/")]
    return {
        str(paths.cache): "tools, image archives and build logs",
        f"{len(images)} images localhost/meshproof/* in {engine.name}": "built images",
    }
