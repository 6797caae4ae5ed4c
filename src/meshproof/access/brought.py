"""What the user brings to a run."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Brought:
    """What the user brings, each None where it is to come from the supply.

    Args:
        images: a file with the image of each service and of the probe.
        charts: folder or repository of Istio's charts.
        helm: the program.
        profile: the name of the values that the mesh was installed with, for the report.
    """

    images: Path | None = None
    charts: str | None = None
    helm: Path | None = None
    profile: str | None = None
