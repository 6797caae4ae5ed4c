"""What the suites are run against, and what a run installs there for itself."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from meshproof.access.brought import Brought
from meshproof.cli.target import Target, Where, find
from meshproof.cluster.model import Cluster
from meshproof.demo.shop import run_images
from meshproof.errors import ExitCode, MeshproofError
from meshproof.paths import Paths
from meshproof.process import find as find_program

IMAGES_FILE = "images.yaml"


@dataclass(frozen=True)
class Subject:
    """A cluster with a mesh, and what a run installs there.

    Args:
        house: the checkout.
        cluster: the way to it.
        images: a file with them, or the references themselves.
        charts: folder or repository of Istio's charts.
        helm: the program.
        facts: what the cluster does not tell of itself, for the report.
    """

    house: Path
    cluster: Cluster
    images: Path | Mapping[str, str]
    charts: str
    helm: Path
    facts: Mapping[str, str] = field(default_factory=dict)

    def words(self, output: Path) -> list[str]:
        """Return the command line that runs the suites on it.

        Args:
            output: the folder for what is found; it is there.
        """
        images = self.images
        if not isinstance(images, Path):
            file = output / IMAGES_FILE
            file.write_text(yaml.safe_dump(dict(images)))
            images = file
        words = [
            *(sys.executable, "-m", "pytest", str(self.house / "suites")),
            # A socket that a lost API server left open is no finding, and would end the run with 1.
            *("-p", "no:unraisableexception"),
            *("--rootdir", str(self.house), "--config-file", str(self.house / "pyproject.toml")),
            *("--kubeconfig", str(self.cluster.kubeconfig)),
            *("--meshproof-context", self.cluster.context),
            *("--meshproof-output", str(output)),
            *("--meshproof-images", str(images)),
            *("--meshproof-charts", self.charts),
            *("--meshproof-helm", str(self.helm)),
        ]
        # The first mapped node port is the demo's, the others are for the gateways of runs.
        for node_port, port in self.cluster.host_ports[1:]:
            words += ["--meshproof-host-port", f"{node_port}:{port}"]
        for name, value in self.facts.items():
            words += ["--meshproof-fact", f"{name}={value}"]
        return words


def subject(paths: Paths, where: Where, supply: str, brought: Brought) -> Subject:
    """Find the cluster, and what a run needs there: what the user brings, the rest from the supply.

    Raises:
        MeshproofError: there is no such cluster, it does not answer, or something that it needs is missing.
    """
    if where.existing and brought.images is None:
        raise MeshproofError(
            "--existing needs images that the cluster can pull",
            "name them in a file and give it with --images: docs/existing-mesh.md",
            ExitCode.USAGE,
        )
    if brought.images is not None and not brought.images.is_file():
        raise MeshproofError(f"there is no file {brought.images}", "name it with --images", ExitCode.USAGE)
    helm = brought.helm or _own_helm()
    if where.foreign and brought.images and brought.charts and helm:
        # Nothing is built or fetched, so that no container engine is needed.
        cluster = where.cluster(paths)
        facts = {"cluster": "existing", **_profile(brought)}
        return Subject(paths.house, cluster, brought.images, brought.charts, helm, facts)
    return _supplied(find(paths, where, supply), brought)


def _own_helm() -> Path | None:
    found = find_program("helm")
    return Path(found) if found else None


def _profile(brought: Brought) -> dict[str, str]:
    return {"profile": brought.profile} if brought.profile else {}


def _supplied(target: Target, brought: Brought) -> Subject:
    supplied = target.supplied
    facts = {"cluster": "existing", **_profile(brought)}
    if target.made:
        if brought.profile not in {None, target.made.profile}:
            raise MeshproofError(
                f"the cluster {target.made.name} has profile {target.made.profile}, not {brought.profile}",
                "leave --profile out, or make the cluster anew",
                ExitCode.USAGE,
            )
        facts = {
            "supply": supplied.supply,
            "cluster": f"kind on {target.engine.name}",
            "profile": target.made.profile,
            "proxy_build": supplied.proxy.value,
        }
    return Subject(
        target.house,
        target.cluster,
        brought.images or run_images(supplied),
        brought.charts or str(Path(supplied.charts.gateway).parent),
        brought.helm or supplied.tools.helm,
        facts,
    )
