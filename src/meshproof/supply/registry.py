"""Supply `registry`: official releases, pinned; only the shop and the probe are built here.

The pins are the section `registry` of images/versions.toml; docs/decisions/0002-registry-pins.md tells where
each was seen.
"""

import hashlib
import platform
import tarfile
import tempfile
import tomllib
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from meshproof.console import say
from meshproof.errors import MeshproofError
from meshproof.paths import Paths
from meshproof.process import CommandFailed, run
from meshproof.supply.builds import Base, Images, build_lock
from meshproof.supply.engine import Engine
from meshproof.supply.fetch import fetch
from meshproof.supply.model import Charts, ProxyBuild, Supplied, Tools
from meshproof.supply.recipe import KEY_LENGTH
from meshproof.supply.recipes import CLUSTER_IMAGES, ON_DEMAND, recipes

CHARTS = ("base", "istiod", "gateway")
TOOLS = ("kind", "helm", "kubectl")
# What Linux calls a machine -> what releases call it.
MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}
PULL_SECONDS = 300.0


class _Schema(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Tool(_Schema):
    """One program.

    Args:
        address: of the program, or of the archive that it is in; `{machine}` is filled in.
        member: its path inside the archive; empty when the address is the program itself.
        sha256: of what the address serves, by machine.
    """

    address: str
    member: str = ""
    sha256: dict[str, str]


class GatewayApi(_Schema):
    """The Gateway API's custom resource definitions.

    Args:
        version: the release.
        address: of one file; `{version}` and `{file}` are filled in.
        sha256: of every file, by its name.
    """

    version: str
    address: str
    sha256: dict[str, str]


class Pins(_Schema):
    """Which releases are used.

    Args:
        istio: version of Istio's charts and images.
        charts: the official repository of Istio's charts.
        debian: the base of the images that are built here.
        node: kind's node image.
        images: short name -> reference, of the official images that run in the cluster.
        tools: name -> program.
        gateway_api: files that are no program.
    """

    istio: str
    charts: str
    debian: str
    node: str
    images: dict[str, str]
    tools: dict[str, Tool]
    gateway_api: GatewayApi

    def loose(self) -> list[str]:
        """What is pinned by its version only, so that its publisher could still replace it."""
        references = [self.debian, self.node, *self.images.values()]
        by_tag = [reference for reference in references if "@sha256:" not in reference]
        return [*by_tag, f"{self.charts} {self.istio}"]


def pins(house: Path) -> Pins:
    """The pins of this house."""
    with (house / "images" / "versions.toml").open("rb") as file:
        return Pins.model_validate(tomllib.load(file)["registry"])


class Registry:
    """Fetches what is official and builds the rest.

    Args:
        paths: where the house and its caches are.
    """

    name = "registry"

    def __init__(self, paths: Paths) -> None:
        self._paths = paths
        self._tools = paths.cache / "tools"
        self._pins = pins(paths.house)
        self._local = tuple(name for name in CLUSTER_IMAGES if name not in self._pins.images)
        every = recipes(paths.house)
        key = hashlib.sha256(self._pins.debian.encode()).hexdigest()[:KEY_LENGTH]
        own = {name: every[name] for name in (*self._local, *ON_DEMAND)}
        self._images = Images(paths, own, Base(self._pins.debian, key))

    def prepare(self, engine: Engine) -> Supplied:
        """Fetch tools and charts, build the shop and the probe; official images are pulled by who runs them.

        Raises:
            FetchFailed: a tool cannot be had, or is not the pinned one.
            BuildFailed: a step of a build failed; the message names it and its log.
            MeshproofError: there are no tools for this machine, or a chart cannot be had.
        """
        with build_lock(self._paths):
            return self._prepared(engine)

    def _prepared(self, engine: Engine) -> Supplied:
        say(f"    pinned by version only, because no digest of it is known: {', '.join(self._pins.loose())}")
        machine = machine_name(platform.system(), platform.machine())
        tools = {name: self._tool(name, machine) for name in TOOLS}
        charts = self._charts(tools["helm"])
        gateway_api = self._gateway_api()
        self._images.ensure(engine, self._local)
        local = {name: self._images.reference(name) for name in self._local}
        return Supplied(
            supply=self.name,
            tools=Tools(kind=tools["kind"], helm=tools["helm"], kubectl=tools["kubectl"], istioctl=None),
            charts=Charts(
                base=str(charts / "base"),
                istiod=str(charts / "istiod"),
                gateway=str(charts / "gateway"),
            ),
            gateway_api=gateway_api,
            istio_version=self._pins.istio,
            node_image=self._pins.node,
            images={**self._pins.images, **local},
            load=tuple(local.values()),
            archive=self._images.archive(engine, self._local),
            proxy=ProxyBuild.ISTIO,
            own_network=False,
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

    def _tool(self, name: str, machine: str) -> Path:
        tool = self._pins.tools[name]
        sha256 = tool.sha256[machine]
        folder = self._tools / f"{name}-{sha256[:KEY_LENGTH]}"
        if not folder.exists():
            address = tool.address.format(machine=machine)
            say(f"    fetching {address}")
            self._tools.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix="meshproof-", dir=self._tools) as scratch:
                fetched = Path(scratch) / "fetched"
                fetch(address, sha256, fetched)
                partial = Path(scratch) / "partial"
                partial.mkdir()
                program = partial / name
                if tool.member:
                    extract(fetched, tool.member.format(machine=machine), program)
                else:
                    fetched.rename(program)
                program.chmod(0o755)
                partial.rename(folder)
        return folder / name

    def _charts(self, helm: Path) -> Path:
        folder = self._tools / f"istio-charts-{self._pins.istio}"
        if not folder.exists():
            with tempfile.TemporaryDirectory(prefix="meshproof-", dir=self._tools) as scratch:
                partial = Path(scratch) / "partial"
                for name in CHARTS:
                    say(f"    fetching {self._pins.charts}/{name} {self._pins.istio}")
                    try:
                        run(pull_command(helm, self._pins, name, partial), seconds=PULL_SECONDS)
                    except CommandFailed as error:
                        raise MeshproofError(
                            f"Istio's chart {name} {self._pins.istio} cannot be had: {error.what}",
                            "check this machine's network or proxy settings, or use --supply packages",
                        ) from error
                partial.rename(folder)
        return folder

    def _gateway_api(self) -> Path:
        pinned = self._pins.gateway_api
        folder = self._tools / f"gateway-api-{pinned.version}"
        if not folder.exists():
            say(f"    fetching {len(pinned.sha256)} definitions of the Gateway API {pinned.version}")
            with tempfile.TemporaryDirectory(prefix="meshproof-", dir=self._tools) as scratch:
                partial = Path(scratch) / "partial"
                partial.mkdir()
                for file, sha256 in pinned.sha256.items():
                    fetch(pinned.address.format(version=pinned.version, file=file), sha256, partial / file)
                partial.rename(folder)
        return folder


def machine_name(system: str, machine: str) -> str:
    """What releases call this machine.

    Args:
        system: as `platform.system()` says it.
        machine: as `platform.machine()` says it.

    Raises:
        MeshproofError: no tools are pinned for it.
    """
    if system != "Linux" or machine not in MACHINES:
        raise MeshproofError(
            f"the supply registry has no tools for {system} on {machine}",
            f"run on Linux on one of: {', '.join(MACHINES)}",
        )
    return MACHINES[machine]


def pull_command(helm: Path, pinned: Pins, chart: str, folder: Path) -> list[str | Path]:
    """The command line that fetches one of Istio's charts into a folder of its own name."""
    source = [f"{pinned.charts}/{chart}", "--version", pinned.istio]
    return [helm, "pull", *source, "--untar", "--untardir", folder]


def extract(archive: Path, member: str, target: Path) -> None:
    """Take one file out of a tar archive.

    Raises:
        MeshproofError: the archive has no such file.
    """
    with tarfile.open(archive) as opened:
        try:
            source = opened.extractfile(member)
        except KeyError:
            source = None
        if source is None:
            raise MeshproofError(
                f"there is no file {member} in the fetched archive",
                "correct the tool's member in images/versions.toml",
            )
        with source:
            target.write_bytes(source.read())
