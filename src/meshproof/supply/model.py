"""What a supply hands to the floors above it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from meshproof.supply.engine import Engine


class ProxyBuild(StrEnum):
    """Which Envoy the sidecars are: Istio's own build, or upstream's without Istio's filters."""

    ISTIO = "istio"
    STOCK = "stock"


@dataclass(frozen=True)
class Tools:
    """Programs on this host.

    Args:
        kind: makes the cluster.
        helm: installs charts.
        kubectl: for the user's own hands; meshproof itself speaks to the API server.
        istioctl: likewise; None where the supply has none.
    """

    kind: Path
    helm: Path
    kubectl: Path
    istioctl: Path | None


@dataclass(frozen=True)
class Charts:
    """Istio's charts: folders, archives or `repo/chart` names that Helm understands, with their version.

    Args:
        base: custom resource definitions.
        istiod: the control plane.
        gateway: an ingress or egress gateway.
    """

    base: str
    istiod: str
    gateway: str


@dataclass(frozen=True)
class Supplied:
    """Everything that a mesh is made from.

    Args:
        supply: the name of the supply that answered.
        tools: programs on this host.
        charts: Istio's charts.
        gateway_api: folder with the definitions of the Gateway API's experimental channel.
        istio_version: the version that istiod reports.
        node_image: kind's node image.
        images: short name -> reference, of all that runs in the cluster.
        load: references that the node cannot pull and must be loaded with.
        archive: the images of `load` in one archive; None when there are none.
        proxy: the build of the sidecar's Envoy.
        own_network: whether the node image brings its own pod network, so that kind installs none.
    """

    supply: str
    tools: Tools
    charts: Charts
    gateway_api: Path
    istio_version: str
    node_image: str
    images: Mapping[str, str]
    load: Sequence[str]
    archive: Path | None
    proxy: ProxyBuild
    own_network: bool


class Supply(Protocol):
    """A place where everything can be had."""

    name: str

    def prepare(self, engine: Engine) -> Supplied:
        """Build or pull what is missing; nothing at all when everything is there."""

    def image(self, engine: Engine, name: str) -> str:
        """Build one of `recipes.ON_DEMAND` if it is missing; returns its reference."""

    def test(self, engine: Engine, name: str) -> str:
        """Run the unit tests in the image's Dockerfile; returns the line with which their runner closes."""
