"""Values of a profile, as files under charts/mesh/, laid over one another."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from meshproof.errors import ExitCode, MeshproofError
from meshproof.supply.model import ProxyBuild, Supplied

STOCK = "stock-envoy"


class UnknownProfile(MeshproofError):
    """charts/mesh/ has no folder of that name."""


def names(house: Path) -> list[str]:
    """The profiles that this house has."""
    return sorted(folder.name for folder in (house / "charts" / "mesh").iterdir() if folder.name != STOCK)


def merge(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Lay values over others, as Helm does: mappings key by key, everything else replaced."""
    merged = dict(below)
    for key, value in above.items():
        under = merged.get(key)
        merged[key] = (
            merge(under, value) if isinstance(value, Mapping) and isinstance(under, Mapping) else value
        )
    return merged


def values(house: Path, profile: str, chart: str, supplied: Supplied) -> dict[str, Any]:
    """The values of one of Istio's charts in a profile, with the supply's images.

    Args:
        house: the checkout.
        profile: a folder under charts/mesh/.
        chart: `base`, `istiod` or `gateway`.
        supplied: decides whether the overlay for stock Envoy is laid on top.

    Raises:
        UnknownProfile: no such folder.
    """
    folder = house / "charts" / "mesh"
    if profile == STOCK or not (folder / profile).is_dir():
        raise UnknownProfile(
            f"there is no profile {profile!r}", f"use one of: {', '.join(names(house))}", ExitCode.USAGE
        )
    layers = [profile, STOCK] if supplied.proxy is ProxyBuild.STOCK else [profile]
    found: dict[str, Any] = {}
    for layer in layers:
        file = folder / layer / f"{chart}.yaml"
        if file.exists():
            found = merge(found, yaml.safe_load(file.read_text()) or {})
    if chart == "istiod":
        proxy = {"image": supplied.images["proxyv2"]}
        images = {"image": supplied.images["pilot"], "global": {"proxy": proxy, "proxy_init": proxy}}
        found = merge(found, images)
    return found
