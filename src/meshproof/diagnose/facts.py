"""What is known of a failure, as values: hints follow from these and from nothing else."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from meshproof.diagnose.hop import Hop
from meshproof.observe.access_log import Entry
from meshproof.observe.envoy import Endpoint, Inbound, Rejected, Upstream, VirtualHost

_STATUS = re.compile(r"\bstatus (\d{3})\b")
_BROKEN_OFF = ("reset", "closed", "refused", "EOF", "broken pipe")


@dataclass(frozen=True)
class PodSeen:
    """One pod.

    Args:
        name: of the pod.
        labels: of the pod.
        sidecar: whether it has a proxy beside its container.
        opted_out: whether it asks for none.
        ready: whether the cluster sends it calls.
        address: of the pod; empty while it has none.
    """

    name: str
    labels: Mapping[str, str]
    sidecar: bool
    opted_out: bool
    ready: bool
    address: str = ""

    @property
    def app(self) -> str:
        """Its app, or else its own name."""
        return self.labels.get("app", self.name)

    def selected(self, selector: Mapping[str, str]) -> bool:
        """Whether a selector that is not empty means this pod."""
        return bool(selector) and all(self.labels.get(name) == value for name, value in selector.items())


@dataclass(frozen=True)
class ServiceSeen:
    """One Service: `ports` maps each port to the pods' port, where that is a number."""

    name: str
    selector: Mapping[str, str]
    ports: Mapping[int, int]


@dataclass(frozen=True)
class ProxySeen:
    """What one proxy says of its configuration. None: it could not be read.

    Args:
        pod: whose proxy.
        hosts: virtual hosts of the hop.
        upstreams: what is spoken to each cluster, by its name.
        endpoints: of each cluster, by its name.
        inbound: what it accepts on the pod's port that the hop leads to.
        rejected: what it would not take from the control plane.
    """

    pod: PodSeen
    hosts: tuple[VirtualHost, ...] | None = None
    upstreams: Mapping[str, Upstream] | None = None
    endpoints: Mapping[str, tuple[Endpoint, ...]] | None = None
    inbound: Inbound | None = None
    rejected: tuple[Rejected, ...] | None = None


@dataclass(frozen=True)
class Facts:
    """Everything that is known of a failure.

    Args:
        namespace: the run's.
        hop: who called whom; None when no call failed.
        expected: what should have come, in words.
        misses: what came instead, in words.
        pods: of the namespace.
        services: of the namespace, by name.
        objects: of the mesh in the namespace, as the API has them.
        callers: the calling side's pods, or the gateway's.
        callees: the called side's pods.
        proxies: by their pods' names.
        entries: of the proxies' access logs, those of the hop.
        warnings: of the cluster, newest last: the pod's name and what it was warned of.
        injecting: whether the namespace asks for sidecars; None when that could not be read.
    """

    namespace: str
    hop: Hop | None = None
    expected: str = ""
    misses: str = ""
    pods: tuple[PodSeen, ...] = ()
    services: Mapping[str, ServiceSeen] | None = None
    objects: tuple[Mapping[str, Any], ...] = ()
    callers: tuple[PodSeen, ...] = ()
    callees: tuple[PodSeen, ...] = ()
    proxies: Mapping[str, ProxySeen] = field(default_factory=dict)
    entries: tuple[Entry, ...] = ()
    warnings: tuple[tuple[str, str], ...] = ()
    injecting: bool | None = None

    @property
    def statuses(self) -> frozenset[int]:
        """Statuses of the replies that were not as expected."""
        return frozenset(int(status) for status in _STATUS.findall(self.misses))

    @property
    def broken_off(self) -> bool:
        """Whether a connection ended without a reply."""
        return any(word in self.misses for word in _BROKEN_OFF)

    @property
    def service(self) -> ServiceSeen | None:
        """The callee's Service in the run's namespace, if its host names one."""
        return (
            None if self.hop is None or self.services is None else self.services.get(self.service_name or "")
        )

    @property
    def service_name(self) -> str | None:
        """The name of a Service of this namespace that the host means; None for any other host."""
        if self.hop is None:
            return None
        name, _, rest = self.hop.host.partition(".")
        inside = ("", self.namespace, f"{self.namespace}.svc", f"{self.namespace}.svc.cluster.local")
        return name if rest.rstrip(".") in inside else None

    @property
    def caller(self) -> ProxySeen | None:
        """The proxy of the calling side, when there is one."""
        return next((self.proxies[pod.name] for pod in self.callers if pod.name in self.proxies), None)
