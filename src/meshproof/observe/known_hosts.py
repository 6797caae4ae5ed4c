"""Which Services a proxy was told of: what its configuration does not name, its pod cannot find."""

import re
from dataclasses import dataclass
from typing import Any

from kubernetes import client
from kubernetes.client import ApiClient

from meshproof.errors import MeshproofError
from meshproof.observe.envoy import Document, upstreams, virtual_hosts
from meshproof.observe.proxy import Proxy

_ALL = ".*"


@dataclass(frozen=True)
class KnownHosts:
    """The configuration of the proxies of some pods, asked for names.

    Args:
        api: the cluster's API server.
        namespace: of the pods.
        selector: of their labels, such as app=reviews.
        seconds: how long an answer may take.
    """

    api: ApiClient
    namespace: str
    selector: str
    seconds: float

    def among(self, *services: str) -> frozenset[str]:
        """Return those of these Services of the namespace that the configuration of any proxy names.

        Raises:
            MeshproofError: there is no such pod, or its proxy does not answer.
        """
        core: Any = client.CoreV1Api(self.api)
        pods = core.list_namespaced_pod(self.namespace, label_selector=self.selector).items
        if not pods:
            raise MeshproofError(
                f"no pod with the label {self.selector} runs in {self.namespace}", "look at its events"
            )
        hosts = {f"{service}.{self.namespace}.svc": service for service in services}
        return frozenset().union(*(self._named(pod.metadata.name, hosts) for pod in pods))

    def _named(self, pod: str, hosts: dict[str, str]) -> frozenset[str]:
        proxy = Proxy(self.api, self.namespace, pod)
        of_these = rf"outbound\|.*\|({'|'.join(map(re.escape, hosts))})\..*"
        named = names_of(proxy.clusters(of_these, self.seconds), proxy.routes(_ALL, self.seconds))
        return frozenset(service for host, service in hosts.items() if host in named)


def names_of(clusters: Document, routes: Document) -> frozenset[str]:
    """Return the Services that dumps of clusters and of routes name, each as `name.namespace.svc`."""
    of_clusters = {cluster.rpartition("|")[2] for cluster in upstreams(clusters)}
    of_routes = {domain.partition(":")[0] for host in virtual_hosts(routes) for domain in host.domains}
    parts = (name.split(".") for name in of_clusters | of_routes)
    return frozenset(".".join(words[:3]) for words in parts if words[2:3] == ["svc"])
