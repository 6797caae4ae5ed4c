"""Which way requests took through the mesh, as Jaeger has it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from kubernetes.client import ApiClient

from meshproof.errors import MeshproofError
from meshproof.observe import NAMESPACE
from meshproof.observe.service_proxy import ServiceProxy

_OK = 200
_NOT_FOUND = 404


@dataclass(frozen=True)
class Span:
    """One proxy's view of one request.

    Args:
        id: the span's id, 16 hexadecimal digits.
        parent: id of the span that caused this one, None for the first.
        service: whose proxy wrote it, `<canonical service>.<namespace>`.
        operation: what it names the request, `<host>:<port>/*`.
        start: when the request began.
        duration: until its last byte.
        tags: every tag as text; `span.kind` is `client` or `server`.
    """

    id: str
    parent: str | None
    service: str
    operation: str
    start: datetime
    duration: timedelta
    tags: Mapping[str, str]


@dataclass(frozen=True)
class Trace:
    """All spans that Jaeger has of one request, in the order in which they began.

    Spans arrive over seconds, each proxy's by itself: a trace may grow until it is complete.
    """

    id: str
    spans: tuple[Span, ...]

    @property
    def roots(self) -> tuple[Span, ...]:
        """The spans whose parent is not in the trace; a whole trace has one."""
        known = {span.id for span in self.spans}
        return tuple(span for span in self.spans if span.parent not in known)

    @property
    def calls(self) -> frozenset[tuple[str, str]]:
        """Who called whom, as (service, service): the parent-child edges between two services."""
        services = {span.id: span.service for span in self.spans}
        edges = ((services.get(span.parent or ""), span.service) for span in self.spans)
        return frozenset((caller, callee) for caller, callee in edges if caller and caller != callee)


class Jaeger:
    """Queries for traces.

    Args:
        proxy: the service that serves Jaeger's query API.
    """

    def __init__(self, proxy: ServiceProxy) -> None:
        self._proxy = proxy

    @classmethod
    def in_cluster(cls, api: ApiClient, namespace: str = NAMESPACE) -> Self:
        """Use the Jaeger that charts/observability installed."""
        return cls(ServiceProxy(api, namespace, "jaeger", 16686))

    def services(self) -> frozenset[str]:
        """Every service that has a span in the store."""
        return frozenset(self._get("/api/services") or ())

    def trace(self, trace_id: str) -> Trace | None:
        """One trace.

        Args:
            trace_id: 16 or 32 hexadecimal digits, as in the request's `x-b3-traceid` or `traceparent`.

        Returns:
            What has arrived of it, or None when nothing has.
        """
        data = self._get(f"/api/traces/{trace_id}")
        return _trace(data[0]) if data else None

    def traces(
        self, service: str, tags: Mapping[str, str] | None = None, limit: int = 20
    ) -> tuple[Trace, ...]:
        """The newest traces of the last hour in which `service` has a span with all of these tags.

        Args:
            service: as in `services`.
            tags: for instance {"guid:x-request-id": ...} to find a request by its id.
            limit: at most so many.
        """
        query = [("service", service), ("lookback", "1h"), ("limit", str(limit))]
        if tags:
            query.append(("tags", json.dumps(dict(tags))))
        return tuple(_trace(found) for found in self._get("/api/traces", *query) or ())

    def _get(self, path: str, *query: tuple[str, str]) -> Any:
        status, document = self._proxy.get_json(path, query)
        if status == _NOT_FOUND:
            return None
        if status != _OK:
            raise MeshproofError(
                f"Jaeger refused {path} ({status}: {document.get('errors')})", "correct the query"
            )
        return document["data"]


def _trace(data: Mapping[str, Any]) -> Trace:
    services = {key: process["serviceName"] for key, process in data["processes"].items()}
    spans = (_span(span, services[span["processID"]]) for span in data["spans"])
    return Trace(data["traceID"], tuple(sorted(spans, key=lambda span: span.start)))


def _span(data: Mapping[str, Any], service: str) -> Span:
    parents = [ref["spanID"] for ref in data["references"] if ref["refType"] == "CHILD_OF"]
    return Span(
        id=data["spanID"],
        parent=parents[0] if parents else None,
        service=service,
        operation=data["operationName"],
        start=datetime.fromtimestamp(0, UTC) + timedelta(microseconds=data["startTime"]),
        duration=timedelta(microseconds=data["duration"]),
        tags={tag["key"]: str(tag["value"]) for tag in data["tags"]},
    )
