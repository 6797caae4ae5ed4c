"""What the proxies counted, as Prometheus has it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from kubernetes.client import ApiClient

from meshproof.errors import ExitCode, MeshproofError
from meshproof.observe import NAMESPACE
from meshproof.observe.service_proxy import ServiceProxy

_OK = 200


@dataclass(frozen=True)
class Sample:
    """The newest value of one time series; `labels` has the metric's name as `__name__`, if it has one."""

    labels: Mapping[str, str]
    value: float


@dataclass(frozen=True)
class Target:
    """One endpoint that Prometheus scrapes; `error` says why the last scrape failed, or is empty."""

    job: str
    namespace: str
    pod: str
    healthy: bool
    error: str


def selector(metric: str, labels: Mapping[str, str]) -> str:
    """Name the time series of `metric` that have exactly these label values, in PromQL."""
    conditions = ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items())
    return f"{metric}{{{conditions}}}"


class Prometheus:
    """Instant queries. What it answers is as old as the last scrape: poll, or ask for a difference.

    Args:
        proxy: the service that serves Prometheus' HTTP API.
    """

    def __init__(self, proxy: ServiceProxy) -> None:
        self._proxy = proxy

    @classmethod
    def in_cluster(cls, api: ApiClient, namespace: str = NAMESPACE) -> Self:
        """Use the Prometheus that charts/observability installed."""
        return cls(ServiceProxy(api, namespace, "prometheus", 9090))

    def query(self, expression: str) -> tuple[Sample, ...]:
        """Evaluate a PromQL expression now.

        Args:
            expression: one whose result is an instant vector or a scalar (a sample without labels).

        Raises:
            MeshproofError: Prometheus does not answer, or refuses the expression.
        """
        data = self._get("/api/v1/query", ("query", expression))
        if data["resultType"] == "scalar":
            return (Sample({}, float(data["result"][1])),)
        if data["resultType"] != "vector":
            raise MeshproofError(
                f"the result of {expression} is a {data['resultType']}, not an instant vector",
                "wrap the range in a function such as increase()",
                ExitCode.USAGE,
            )
        return tuple(Sample(series["metric"], float(series["value"][1])) for series in data["result"])

    def samples(self, metric: str, **labels: str) -> tuple[Sample, ...]:
        """Every time series of `metric` with these label values."""
        return self.query(selector(metric, labels))

    def total(self, metric: str, **labels: str) -> float:
        """Sum over the time series of `metric` with these label values; 0 when there is none."""
        return sum(sample.value for sample in self.samples(metric, **labels))

    def targets(self) -> tuple[Target, ...]:
        """Everything that is scraped now."""
        return tuple(
            Target(
                job=target["labels"]["job"],
                namespace=target["labels"].get("namespace", ""),
                pod=target["labels"].get("pod", ""),
                healthy=target["health"] == "up",
                error=target["lastError"],
            )
            for target in self._get("/api/v1/targets", ("state", "active"))["activeTargets"]
        )

    def _get(self, path: str, *query: tuple[str, str]) -> Any:
        status, document = self._proxy.get_json(path, query)
        if status != _OK:
            raise MeshproofError(
                f"Prometheus refused {dict(query)}: {document['error']}",
                "correct the expression",
                ExitCode.USAGE,
            )
        return document["data"]


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
