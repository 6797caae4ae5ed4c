"""Which Service tells of istiod itself: the chart names it after its revision."""

from typing import Any

from kubernetes import client
from kubernetes.client import ApiClient, ApiException
from urllib3.exceptions import HTTPError

NAMESPACE = "istio-system"
PORT = 15014
"""Where istiod tells its version and its metrics."""

UNREVISED = "istiod"
_DEFAULT_TAG = "istiod-revision-tag-default"


def istiod_service(api: ApiClient, seconds: float | tuple[float, float]) -> str:
    """Return the name of istiod's Service: of several, the default's, else the first by name.

    It is `istiod` too where none is found, or none may be listed: asking that one then says what is wrong.

    Args:
        api: the cluster's API server.
        seconds: how long it may take to answer, or to connect and then to answer.
    """
    try:
        listed: Any = client.CoreV1Api(api).list_namespaced_service(
            NAMESPACE, label_selector="app=istiod", _request_timeout=seconds
        )
    except (ApiException, HTTPError):
        return UNREVISED
    ports = {each.metadata.name: [port.port for port in each.spec.ports or ()] for each in listed.items}
    names: list[str] = [name for name in sorted(ports) if PORT in ports[name]]
    preferred = [name for name in (UNREVISED, _DEFAULT_TAG) if name in names]
    return [*preferred, *names, UNREVISED][0]
