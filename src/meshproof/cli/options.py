"""Options that several commands share."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

DEFAULT_NAME = "meshproof"


class SupplyName(StrEnum):
    """Where images, charts and tools come from."""

    AUTO = "auto"
    REGISTRY = "registry"
    PACKAGES = "packages"


Name = Annotated[str, typer.Option(help="Name of the kind cluster.", envvar="MESHPROOF_NAME")]
Profile = Annotated[str, typer.Option(help="Set of Helm values, a folder under charts/mesh/.")]
Output = Annotated[Path, typer.Option(help="Folder for what is found; made when missing.")]
Context = Annotated[
    str | None, typer.Option(help="Context of a kubeconfig: a cluster that is there already.")
]
Kubeconfig = Annotated[Path | None, typer.Option(help="Kubeconfig file; the user's own by default.")]
Supply = Annotated[
    SupplyName,
    typer.Option(help="registry: official releases; packages: built here; auto: registry when it answers."),
]
