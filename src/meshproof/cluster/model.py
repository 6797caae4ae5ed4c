"""A cluster: a kubeconfig, one of its contexts, and what can be done around it."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml
from kubernetes import client, config
from kubernetes.client.exceptions import ApiException
from urllib3.exceptions import HTTPError

from meshproof.errors import MeshproofError

REACH_SECONDS = 5


class NoContext(MeshproofError):
    """The kubeconfig does not have the context."""


class Unreachable(MeshproofError):
    """The API server does not answer, or refuses."""


@dataclass(frozen=True)
class Cluster:
    """A way to one API server.

    Args:
        kubeconfig: the file.
        context: the context in it.
        host_ports: node port -> port on this host, where the cluster's provider maps any.
    """

    kubeconfig: Path
    context: str
    host_ports: tuple[tuple[int, int], ...] = ()

    @cached_property
    def api(self) -> client.ApiClient:
        """A client for the API server.

        Raises:
            NoContext: the file or the context does not exist.
        """
        known = contexts(self.kubeconfig)
        if self.context not in known:
            raise NoContext(
                f"the context {self.context!r} is not in {self.kubeconfig}",
                f"use one of: {', '.join(known) or 'none there'}",
            )
        found: client.ApiClient = config.new_client_from_config(  # type: ignore[no-untyped-call]
            str(self.kubeconfig), self.context
        )
        # A server that does not answer is reported, not asked four times.
        found.configuration.retries = False
        return client.ApiClient(found.configuration)

    def version(self) -> str:
        """The version of Kubernetes, as `v1.34.4`.

        Raises:
            Unreachable: no answer, or a refusal.
        """
        server = f"the API server of context {self.context!r}"
        try:
            answer: Any = client.VersionApi(self.api).get_code(_request_timeout=REACH_SECONDS)
        except ApiException as error:
            raise Unreachable(
                f"{server} refuses this user ({error.status} {error.reason})",
                "renew the credentials in the kubeconfig",
            ) from error
        except HTTPError as error:
            raise Unreachable(
                f"{server} at {self.api.configuration.host} does not answer",
                "start the cluster, or name another with --context",
            ) from error
        return str(answer.git_version)

    def ingress_url(self, namespace: str, service: str) -> str | None:
        """Where a gateway's HTTP port is reached from this host; None when it cannot be.

        In the order that the public tutorials use: a port that the provider maps to this host, the load
        balancer's address, a node port at a node's address.
        """
        core = client.CoreV1Api(self.api)
        found: Any = core.read_namespaced_service(service, namespace)
        ports = [port for port in found.spec.ports if port.name in {"http", "http2"} or port.port == 80]  # noqa: PLR2004
        if not ports:
            return None
        port = ports[0]
        mapped = dict(self.host_ports)
        if port.node_port in mapped:
            return f"http://localhost:{mapped[port.node_port]}"
        for balancer in found.status.load_balancer.ingress or []:
            return f"http://{balancer.ip or balancer.hostname}:{port.port}"
        if not port.node_port:
            return None
        nodes: Any = core.list_node()
        for kind in ("ExternalIP", "InternalIP"):
            for node in nodes.items:
                for address in node.status.addresses:
                    if address.type == kind:
                        return f"http://{address.address}:{port.node_port}"
        return None


def contexts(kubeconfig: Path) -> list[str]:
    """Names of the contexts in a kubeconfig.

    Raises:
        NoContext: the file is missing or is not a kubeconfig.
    """
    try:
        content = yaml.safe_load(kubeconfig.read_text())
        return [str(entry["name"]) for entry in content["contexts"] or []]
    except FileNotFoundError:
        raise NoContext(f"there is no kubeconfig {kubeconfig}", "name one with --kubeconfig") from None
    except (yaml.YAMLError, TypeError, KeyError, UnicodeDecodeError) as error:
        raise NoContext(f"{kubeconfig} is not a kubeconfig", "name one with --kubeconfig") from error
