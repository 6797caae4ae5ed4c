"""What the environment says about this instance and about the services that it calls."""

import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

MOST_PORTS = 65535


@dataclass(frozen=True)
class ServedBy:
    """Who gave an answer; every field may be empty when the answer did not say."""

    pod: str
    workload: str
    version: str

    @classmethod
    def from_headers(cls, headers: Mapping[str, str]) -> Self:
        """Reads the signature that each of our services puts on its replies."""
        return cls(
            pod=headers.get("x-served-by", ""),
            workload=headers.get("x-served-workload", ""),
            version=headers.get("x-served-version", ""),
        )

    def as_headers(self) -> dict[str, str]:
        """The signature itself."""
        return {
            "x-served-by": self.pod,
            "x-served-workload": self.workload,
            "x-served-version": self.version,
        }


@dataclass(frozen=True)
class Upstream:
    """Where a service is and how patient the page is with it.

    Args:
        name: the service, as readers of the page know it.
        url: its base address.
        timeout: seconds that one attempt may take, from the connection to the last byte.
        attempts: how often the page asks before it does without.
    """

    name: str
    url: str
    timeout: float
    attempts: int = 1

    @property
    def patience(self) -> str:
        """The longest that a reader waits for this service, as the page says it."""
        tries = f"{self.attempts} times " if self.attempts > 1 else ""
        return f"{tries}{self.timeout:g} s"


class SettingsError(ValueError):
    """A variable that cannot be used; the message begins with its name."""


@dataclass(frozen=True)
class Settings:
    """Everything that differs between two instances."""

    host: str
    port: int
    served_by: ServedBy
    details: Upstream
    reviews: Upstream
    ratings: Upstream

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        """Reads the variables that the chart sets; an empty environment gives a working version 1.

        Raises:
            SettingsError: a variable cannot be used; the message names it.
        """
        version = env.get("SERVICE_VERSION", "v1")

        def upstream(name: str, attempts: int = 1) -> Upstream:
            prefix = name.upper()
            return Upstream(
                name,
                url=_url(env, f"{prefix}_URL", f"http://{name}:9080"),
                timeout=_positive(env, f"{prefix}_TIMEOUT", "3"),
                attempts=attempts,
            )

        return cls(
            host=env.get("HOST", "0.0.0.0"),  # noqa: S104 - a pod listens on its own address
            port=_port(env, "PORT", "9080"),
            served_by=ServedBy(
                pod=env.get("POD_NAME") or socket.gethostname(),
                workload=env.get("SERVICE_WORKLOAD", f"productpage-{version}"),
                version=version,
            ),
            details=upstream("details"),
            # Twice 3 s: reviews v2 waits longer than that for ratings, as the fault tutorial finds.
            reviews=upstream("reviews", attempts=2),
            ratings=upstream("ratings"),
        )


def _positive(env: Mapping[str, str], name: str, default: str) -> float:
    value = env.get(name, default)
    try:
        number = float(value)
    except ValueError:
        number = 0
    if not 0 < number < float("inf"):
        raise SettingsError(f"{name}: a positive number, not {value!r}")
    return number


def _port(env: Mapping[str, str], name: str, default: str) -> int:
    value = env.get(name, default)
    if not re.fullmatch("[0-9]{1,5}", value) or int(value) > MOST_PORTS:
        raise SettingsError(f"{name}: a port, not {value!r}")
    return int(value)


def _url(env: Mapping[str, str], name: str, default: str) -> str:
    value = env.get(name, default)
    if not re.fullmatch("https?://[^/?#]+", value):
        raise SettingsError(f"{name}: http:// or https:// and a host, not {value!r}")
    return value
