"""Supply `packages`: every image and every tool built here from package registries."""

import hashlib
import tempfile
from pathlib import Path

from meshproof.paths import Paths
from meshproof.process import run
from meshproof.supply.builds import Base, Images, build_lock
from meshproof.supply.engine import Engine
from meshproof.supply.host import ready_bootstrap
from meshproof.supply.model import Charts, ProxyBuild, Supplied, Tools
from meshproof.supply.recipe import KEY_LENGTH, reference
from meshproof.supply.recipes import BUILD_ORDER, CLUSTER_IMAGES, HOST_TOOLS, package_pins, recipes

BASE_FLAGS = (
    "--variant=minbase",
    "--include=ca-certificates",
    "--dpkgopt=path-exclude=/usr/share/doc/*",
    "--dpkgopt=path-exclude=/usr/share/man/*",
    "--dpkgopt=path-exclude=/usr/share/locale/*",
    # As in Debian's official image: what apt fetched and indexed is not kept in a layer.
    '--aptopt=DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb"; };',
    '--aptopt=Dir::Cache::pkgcache "";',
    '--aptopt=Dir::Cache::srcpkgcache "";',
)


class Packages:
    """Builds what is missing.

    Args:
        paths: where the house and its caches are.
    """

    name = "packages"

    def __init__(self, paths: Paths) -> None:
        self._paths = paths
        self._pins = package_pins(paths.house)
        made_from = repr((self._pins["debian"], BASE_FLAGS))
        key = hashlib.sha256(made_from.encode()).hexdigest()[:KEY_LENGTH]
        base = Base(reference("base", key), key, self._bootstrap)
        self._images = Images(paths, recipes(paths.house), base)

    def prepare(self, engine: Engine) -> Supplied:
        """Build, extract and archive what is missing.

        Raises:
            BuildFailed: a step of a build failed; the message names it and its log.
        """
        with build_lock(self._paths):
            return self._prepared(engine)

    def _prepared(self, engine: Engine) -> Supplied:
        self._images.ensure(engine, BUILD_ORDER)
        tools = {name: path for recipe in HOST_TOOLS for name, path in self._tools(engine, recipe).items()}
        charts = tools["charts"]
        images = {name: self._images.reference(name) for name in CLUSTER_IMAGES}
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
            gateway_api=tools["gateway-api"],
            istio_version=self._pins["istio"],
            node_image=self._images.reference("node"),
            images=images,
            load=tuple(images.values()),
            archive=self._images.archive(engine, CLUSTER_IMAGES),
            proxy=ProxyBuild.STOCK,
            own_network=True,
        )

    def image(self, engine: Engine, name: str) -> str:
        """Build an image that only some need, if it is missing; returns its reference.

        Args:
            engine: builds and holds it.
            name: one of `recipes.ON_DEMAND`.

        Raises:
            BuildFailed: a step of the build failed; the message names it and its log.
        """
        return self._images.built(engine, name)

    def test(self, engine: Engine, name: str) -> str:
        """Run the unit tests that a service's Dockerfile has as its stage `test`.

        Raises:
            BuildFailed: a test failed; the message names the log.
        """
        with build_lock(self._paths):
            return self._images.test(engine, name)

    def _bootstrap(self, engine: Engine, log: Path) -> None:
        """Make the base image, which no image registry is asked for."""
        ready_bootstrap()
        with tempfile.TemporaryDirectory(prefix="meshproof-", dir=self._paths.cache) as scratch:
            archive = Path(scratch) / "base.tar"
            run(["mmdebstrap", *BASE_FLAGS, self._pins["debian"], archive], log=log)
            command = engine.command("import", archive, self._images.reference("base"))
            run(command, log=log, env=engine.environment)

    def _tools(self, engine: Engine, recipe: str) -> dict[str, Path]:
        folder = self._paths.cache / "tools" / f"{recipe}-{self._images.key(recipe)}"
        if not folder.exists():
            folder.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix="meshproof-", dir=folder.parent) as scratch:
                partial = Path(scratch) / "partial"
                partial.mkdir()
                for name, inside in HOST_TOOLS[recipe].items():
                    engine.extract(self._images.reference(recipe), inside, partial / name)
                partial.rename(folder)
        return {name: folder / name for name in HOST_TOOLS[recipe]}
