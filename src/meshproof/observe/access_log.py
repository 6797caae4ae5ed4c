"""The proxies' access logs: lines read into values, and what their response flags mean."""

import json
import re
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from kubernetes import client
from kubernetes.client import ApiClient, ApiException
from urllib3.exceptions import HTTPError

from meshproof.errors import MeshproofError
from meshproof.observe.proxy import CONTAINER

FLAGS = {
    "DC": "the caller hung up",
    "DI": "a delay was injected",
    "DPE": "the caller broke the protocol",
    "FI": "a fault was injected",
    "IH": "a header was not allowed",
    "LH": "the local health check failed",
    "LR": "reset by this proxy",
    "NC": "the route leads to a cluster that this proxy does not have",
    "NFCF": "no filter's configuration was found",
    "NR": "no route matches",
    "OM": "the overload manager stopped it",
    "RL": "the rate limit was reached",
    "RLSE": "the rate limit service failed",
    "SI": "the stream's idle time was over",
    "UAEX": "the external authorizer refused it",
    "UC": "the called side ended the connection",
    "UF": "no connection to the called side",
    "UH": "no healthy endpoint",
    "UMSDR": "the stream lasted too long",
    "UO": "the circuit breaker is open",
    "UPE": "the called side broke the protocol",
    "UR": "the called side reset the stream",
    "URX": "the retries were used up",
    "UT": "the called side took too long",
}
"""What Envoy's response flags stand for."""

NONE = "-"

_ANSWER = 10.0
_SLACK = 2
"""Seconds that the clocks of two machines may be apart; log lines are told apart by their words."""
_SHOWN = 200

# Istio's own format for text: [time] "request" status flags details termination "transport failure" …
_TEXT = re.compile(
    r'^\[(?P<time>[^\]]+)\] "(?P<request>[^"]*)" (?P<status>\d+) (?P<flags>\S+) (?P<details>\S+) \S+ '
    r'"(?P<transport>[^"]*)" \d+ \d+ \S+ \S+ "[^"]*" "[^"]*" "[^"]*" "(?P<authority>[^"]*)" '
    r'"(?P<upstream>[^"]*)" (?P<cluster>\S+)'
)


@dataclass(frozen=True)
class Entry:
    """One call or connection as one proxy logged it; `-` where there was nothing.

    Args:
        pod: whose proxy.
        status: of HTTP; 0 when there was none.
        flags: why the proxy did what it did, such as NR.
        details: the same in Envoy's words, such as route_not_found.
        transport: why the connection to the called side failed.
        request: method, path and protocol.
        authority: the name that was called.
        cluster: where it was sent.
        upstream: the address that it was sent to.
    """

    pod: str
    status: int
    flags: str
    details: str
    transport: str
    request: str
    authority: str
    cluster: str
    upstream: str

    def words(self) -> str:
        """Return it without what differs from call to call, so that equal ones can be counted."""
        parts = [f"{self.pod}: status {self.status}"]
        if self.flags != NONE:
            meant = [FLAGS[flag] for flag in self.flags.split(",") if flag in FLAGS]
            parts.append(f"flags {self.flags}" + (f" ({', '.join(meant)})" if meant else ""))
        parts += [self.details] if self.details != NONE else []
        parts += [f"transport failure: {self.transport}"] if self.transport not in {NONE, ""} else []
        return "  ".join([*parts, f"{self.request} of {self.authority} -> {self.cluster}"])


def parse(pod: str, log: str) -> tuple[Entry, ...]:
    """Return the entries of a proxy's log, in text of Istio's format or in JSON; other lines are left out."""
    found = (
        _of_json(pod, line) if line.startswith("{") else _of_text(pod, line) for line in log.splitlines()
    )
    return tuple(entry for entry in found if entry is not None)


def _of_text(pod: str, line: str) -> Entry | None:
    match = _TEXT.match(line)
    if match is None:
        return None
    names = ("flags", "details", "transport", "request", "authority", "cluster", "upstream")
    return Entry(pod, int(match["status"]), *(match[name] for name in names))


def _of_json(pod: str, line: str) -> Entry | None:
    try:
        said = json.loads(line)
        status = int(said["response_code"])
    except (ValueError, KeyError, TypeError):
        return None
    request = " ".join(str(said.get(name) or NONE) for name in ("method", "path", "protocol"))
    flags, details, transport, authority, cluster, upstream = (
        str(said.get(name) or NONE)
        for name in (
            "response_flags",
            "response_code_details",
            "upstream_transport_failure_reason",
            "authority",
            "upstream_cluster",
            "upstream_host",
        )
    )
    return Entry(pod, status, flags, details, transport, request, authority, cluster, upstream)


def counted(entries: Iterable[Entry]) -> tuple[str, ...]:
    """Return each kind of entry with its count, the most frequent first."""
    return tuple(
        f"{count}x {words}" for words, count in Counter(entry.words() for entry in entries).most_common()
    )


@dataclass(frozen=True)
class AccessLog:
    """What the proxies of some pods have logged since some moment.

    A proxy writes its log about once a second: look until it is there.

    Args:
        api: the cluster's API server.
        namespace: of the pods.
        selector: of their labels, such as app=reviews.
        began: that moment, of this machine's monotonic clock.
    """

    api: ApiClient
    namespace: str
    selector: str
    began: float

    def of(self, key: str) -> tuple[Entry, ...]:
        """Return the calls whose line has this word, such as one in the path that no other call has.

        Raises:
            MeshproofError: there is no such pod, or its log cannot be read.
        """
        core: Any = client.CoreV1Api(self.api)
        since = int(time.monotonic() - self.began) + _SLACK
        entries: list[Entry] = []
        try:
            pods = core.list_namespaced_pod(
                self.namespace, label_selector=self.selector, _request_timeout=_ANSWER
            ).items
            for name in sorted(pod.metadata.name for pod in pods):
                log = core.read_namespaced_pod_log(
                    name, self.namespace, container=CONTAINER, since_seconds=since, _request_timeout=_ANSWER
                )
                entries += parse(name, "\n".join(line for line in log.splitlines() if key in line))
        except (ApiException, HTTPError) as error:
            raise MeshproofError(
                f"the access log of {self.selector} in namespace {self.namespace} cannot be read"
                f" ({' '.join(str(error).split())[:_SHOWN]})",
                "give this kubeconfig's user the rights to list pods and to get pods/log there",
            ) from error
        if not pods:
            raise MeshproofError(
                f"no pod with the label {self.selector} runs in {self.namespace}", "look at its events"
            )
        return tuple(entries)


def flagged(flag: str, *, least: int) -> Callable[[Iterable[Entry]], str | None]:
    """Return a check of entries: at least so many have this flag, such as UT.

    It returns None, or what was there instead.
    """

    def judge(entries: Iterable[Entry]) -> str | None:
        counts = Counter(entry.flags for entry in entries)
        others = {flags: count for flags, count in counts.items() if flag not in flags.split(",")}
        having = counts.total() - sum(others.values())
        if having >= least:
            return None
        rest = "".join(f", {count} with {flags}" for flags, count in sorted(others.items()))
        return f"{having} of {least} calls logged with {flag}{rest}"

    return judge
