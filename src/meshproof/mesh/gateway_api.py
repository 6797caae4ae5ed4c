"""The Gateway API's custom resource definitions: stored before istiod starts, which looks for them only then.

They are sent as the release has them: a server-side apply takes YAML, and to read half a million letters of
schema here would take longer than to store them.
"""

import json
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

from kubernetes.client import ApiClient

from meshproof import wait
from meshproof.cluster.model import Cluster
from meshproof.errors import MeshproofError

GROUP = "gateway.networking.k8s.io"
EXPERIMENTAL = "gateway.networking.x-k8s.io"
"""Of the kinds that only the experimental channel has."""

DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
FIELD_MANAGER = "meshproof"
CALL_SECONDS = 20.0
ESTABLISH_SECONDS = 30.0


def install(cluster: Cluster, folder: Path) -> None:
    """Store the definitions, or bring them to this release, and wait until their kinds are served.

    Args:
        cluster: where.
        folder: one file for each, named `<group>_<plural>.yaml`, as the release names them.

    Raises:
        MeshproofError: the API server refused one, with its words.
        TimedOut: their kinds are not served.
    """
    api = cluster.api
    names = []
    for file in sorted(folder.glob("*.yaml")):
        names.append(definition_of(file))
        path = f"{DEFINITIONS}/{names[-1]}?fieldManager={FIELD_MANAGER}&force=true"
        _asked(api, "PATCH", path, file.read_bytes())
    wait.until(
        lambda: all(_is_established(api, name) for name in names),
        ESTABLISH_SECONDS,
        "the kinds of the Gateway API are served",
        f"look at its definitions: kubectl get crd {' '.join(names)}",
    )


def remove(cluster: Cluster) -> list[str]:
    """Remove the definitions, and with them every object of their kinds; names what was removed."""
    removed = []
    for name in _stored(cluster.api):
        _asked(cluster.api, "DELETE", f"{DEFINITIONS}/{name}")
        removed.append(name)
    return removed


def definition_of(file: Path) -> str:
    """The name of the definition in a file of the release."""
    group, _, plural = file.stem.partition("_")
    return f"{plural}.{group}"


def _stored(api: ApiClient) -> Iterator[str]:
    for item in _asked(api, "GET", DEFINITIONS)["items"]:
        if item["spec"]["group"] in {GROUP, EXPERIMENTAL}:
            yield str(item["metadata"]["name"])


def _is_established(api: ApiClient, name: str) -> bool:
    conditions = _asked(api, "GET", f"{DEFINITIONS}/{name}").get("status", {}).get("conditions") or ()
    return any(each["type"] == "Established" and each["status"] == "True" for each in conditions)


def _asked(api: ApiClient, method: str, path: str, patch: bytes | None = None) -> Any:
    headers = {"Accept": "application/json"}
    if patch is not None:
        headers["Content-Type"] = "application/apply-patch+yaml"
    request = api.param_serialize(
        method, path, header_params=headers, body=patch, auth_settings=["BearerToken"]
    )
    # The generated wrapper would read a schema into models, which takes longer than all the rest.
    response = api.call_api(*request, _request_timeout=CALL_SECONDS).response
    answer = json.loads(response.data)
    if response.status in {HTTPStatus.OK, HTTPStatus.CREATED}:
        return answer
    raise MeshproofError(
        f"{method} {path.partition('?')[0]} was answered {response.status}: {answer.get('message', '')}",
        "look at the API server",
    )
