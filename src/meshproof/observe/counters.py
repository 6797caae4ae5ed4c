"""What proxies count by themselves: the page that they keep for whoever scrapes metrics."""

import re
from dataclasses import dataclass
from typing import Any

from kubernetes import client
from kubernetes.client import ApiClient, ApiException
from urllib3.exceptions import HTTPError

from meshproof.errors import MeshproofError

PORT = 15090
"""Of every proxy of Istio; no sidecar takes what comes in there."""

_ANSWER = 10.0
_SHOWN = 200
_OK = 200
_SAMPLE = re.compile(r"^(?P<name>\w+)\{(?P<labels>[^}]*)\} (?P<value>\S+)$", re.MULTILINE)
_CLUSTER = re.compile(r'(?:^|,)cluster_name="([^"]*)"')


@dataclass(frozen=True)
class Counters:
    """The counters of the proxies of some pods, as they are now: nobody scrapes in between.

    A proxy keeps only what it was asked to keep: Istio's own choice, and what the annotation
    sidecar.istio.io/statsInclusionSuffixes of the pod names.

    Args:
        api: the cluster's API server.
        namespace: of the pods.
        selector: of their labels, such as app=reviews.
    """

    api: ApiClient
    namespace: str
    selector: str

    def of_upstream(self, host: str, name: str) -> int:
        """Return a counter of what is sent to a Service, over all of its ports and subsets.

        Args:
            host: the Service's full name.
            name: as Envoy has it, such as upstream_rq_pending_overflow.

        Raises:
            MeshproofError: a proxy does not answer.
        """
        return sum(
            int(float(sample["value"]))
            for page in self._pages(name)
            for sample in _SAMPLE.finditer(page)
            if sample["name"] == f"envoy_cluster_{name}" and _host(sample["labels"]) == host
        )

    def _pages(self, name: str) -> list[str]:
        core: Any = client.CoreV1Api(self.api)
        try:
            found = core.list_namespaced_pod(
                self.namespace, label_selector=self.selector, _request_timeout=_ANSWER
            )
            return [self._page(pod.metadata.name, name) for pod in found.items]
        except (ApiException, HTTPError) as error:
            raise self._silent(" ".join(str(error).split())[:_SHOWN]) from error

    def _page(self, pod: str, name: str) -> str:
        api: Any = self.api
        request = api.param_serialize(
            "GET",
            f"/api/v1/namespaces/{self.namespace}/pods/{pod}:{PORT}/proxy/stats/prometheus",
            query_params=[("filter", f"{name}$")],
            auth_settings=["BearerToken"],
        )
        response = api.call_api(*request, _request_timeout=_ANSWER).response
        text = response.data.decode("utf-8", "replace")
        if response.status != _OK:
            raise self._silent(f"{response.status}: {' '.join(text.split())[:_SHOWN]}")
        return str(text)

    def _silent(self, why: str) -> MeshproofError:
        return MeshproofError(
            f"the proxies of {self.selector} in {self.namespace} do not show their counters ({why})",
            "give this kubeconfig's user the right to get pods/proxy there",
        )


def _host(labels: str) -> str:
    """Return the Service of a cluster such as outbound|8080||backend.shop.svc.cluster.local."""
    match = _CLUSTER.search(labels)
    return match[1].rpartition("|")[2] if match else ""
