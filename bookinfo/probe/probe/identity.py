"""Who this probe is: told by its Deployment, named in every reply."""

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Identity:
    """The pod, workload and version that the x-served-* headers name."""

    pod: str
    workload: str
    version: str

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Identity":
        """Read POD_NAME, SERVICE_WORKLOAD and SERVICE_VERSION; outside a cluster the host name serves."""
        return cls(
            pod=environment.get("POD_NAME") or socket.gethostname(),
            workload=environment.get("SERVICE_WORKLOAD") or "probe",
            version=environment.get("SERVICE_VERSION") or "v1",
        )

    def headers(self) -> dict[str, str]:
        """Return the headers that say who answered."""
        return {
            "x-served-by": self.pod,
            "x-served-workload": self.workload,
            "x-served-version": self.version,
        }
