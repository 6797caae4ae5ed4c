"""The proxies' access logs: lines read into values, and what their response flags mean."""

import json
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

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
