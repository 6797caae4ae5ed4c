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


class Format(StrEnum):
    """For whom an answer is written: people or programs."""

    TEXT = "text"
    JSON = "json"


Name = Annotated[str, typer.Option(help="Name of the kind cluster.", envvar="MESHPROOF_NAME")]
Profile = Annotated[str, typer.Option(help="Set of Helm values, a folder under charts/mesh/.")]
Output = Annotated[Path, typer.Option(help="Folder for what is found; made when missing.")]
Context = Annotated[
    str | None, typer.Option(help="Context of a kubeconfig: a cluster that is there already.")
]
Kubeconfig = Annotated[
    Path | None, typer.Option(help="Kubeconfig file; KUBECONFIG or the user's own by default.")
]
Existing = Annotated[
    bool,
    typer.Option(
        "--existing",
        help="A mesh that meshproof did not install: the kubeconfig's current context, or --context.",
    ),
]
Supply = Annotated[
    SupplyName,
    typer.Option(help="registry: official releases; packages: built here; auto: registry when it answers."),
]
FormatOption = Annotated[
    Format, typer.Option("--format", help="text for people, json for programs (on standard output).")
]
Images = Annotated[
    Path | None,
    typer.Option(help="YAML: productpage, details, reviews, ratings, probe -> reference to pull."),
]
Charts = Annotated[
    str | None,
    typer.Option(help="Folder or OCI repository of Istio's charts, for the run's gateway: oci://…/charts."),
]
HelmProgram = Annotated[Path | None, typer.Option("--helm", help="The helm to install with.")]
