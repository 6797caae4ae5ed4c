import json
from types import SimpleNamespace

import pytest

from meshproof import wait
from meshproof.errors import MeshproofError
from meshproof.mesh import gateway_api
from meshproof.wait import TimedOut

ESTABLISHED = {"status": {"conditions": [{"type": "Established", "status": "True"}]}}
ROUTES = "httproutes.gateway.networking.k8s.io"
MESHES = "xmeshes.gateway.networking.x-k8s.io"


def stored(name):
    return {"metadata": {"name": name}, "spec": {"group": name.partition(".")[2]}}


class ApiServer:
    """Answers by method and path; remembers what it was asked, and with which body and type."""

    def __init__(self, answers):
        self.answers = answers
        self.asked = []
        self.types = set()

    def param_serialize(self, method, path, header_params, body, auth_settings):
        assert auth_settings == ["BearerToken"]
        self.types.add(header_params.get("Content-Type"))
        return method, path, body

    def call_api(self, method, path, body, _request_timeout):
        assert _request_timeout == gateway_api.CALL_SECONDS
        self.asked.append((method, path.removeprefix(gateway_api.DEFINITIONS), body))
        status, answer = self.answers.get(method, (200, {}))
        return SimpleNamespace(response=SimpleNamespace(status=status, data=json.dumps(answer)))


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "gateway.networking.k8s.io_httproutes.yaml").write_text("kind: A\n")
    (tmp_path / "gateway.networking.x-k8s.io_xmeshes.yaml").write_text("kind: B\n")
    return tmp_path


def cluster(answers):
    return SimpleNamespace(api=ApiServer(answers))


@pytest.mark.parametrize("status", [200, 201], ids=["there-already", "new"])
def test_every_definition_is_sent_as_it_is_and_awaited(folder, status):
    found = cluster({"PATCH": (status, {}), "GET": (200, ESTABLISHED)})
    gateway_api.install(found, folder)
    assert found.api.asked == [
        ("PATCH", f"/{ROUTES}?fieldManager=meshproof&force=true", b"kind: A\n"),
        ("PATCH", f"/{MESHES}?fieldManager=meshproof&force=true", b"kind: B\n"),
        ("GET", f"/{ROUTES}", None),
        ("GET", f"/{MESHES}", None),
    ]
    assert found.api.types == {"application/apply-patch+yaml", None}


def test_a_definition_that_is_refused_is_named_with_the_servers_words(folder):
    found = cluster({"PATCH": (422, {"message": "spec.group: Invalid value"})})
    with pytest.raises(MeshproofError, match=rf"{ROUTES} was answered 422: spec\.group: Invalid value"):
        gateway_api.install(found, folder)


@pytest.mark.parametrize("answer", [{}, {"status": {"conditions": []}}], ids=["no-status", "no-condition"])
def test_kinds_that_are_never_served_are_told(folder, monkeypatch, answer):
    monkeypatch.setattr(gateway_api, "ESTABLISH_SECONDS", 0)
    monkeypatch.setattr(wait, "EVERY_SECONDS", 0)
    with pytest.raises(TimedOut, match=f"the kinds of the Gateway API are served.*{ROUTES} {MESHES}"):
        gateway_api.install(cluster({"GET": (200, answer)}), folder)


def test_only_what_is_of_the_gateway_api_is_removed():
    names = [ROUTES, MESHES, "gateways.networking.istio.io", "widgets.example"]
    found = cluster({"GET": (200, {"items": [stored(name) for name in names]})})
    assert gateway_api.remove(found) == [ROUTES, MESHES]
    assert [path for method, path, _ in found.api.asked if method == "DELETE"] == [f"/{ROUTES}", f"/{MESHES}"]
