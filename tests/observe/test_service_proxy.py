import socket

import pytest
from kubernetes.client import ApiClient, Configuration

from meshproof.errors import ExitCode, MeshproofError
from meshproof.observe.service_proxy import ServiceProxy

PROXY = "/api/v1/namespaces/watch/services/store:80/proxy"


@pytest.fixture
def store(api):
    return ServiceProxy(api, "watch", "store", 80)


def test_a_document_comes_with_the_services_own_status(api_server, store):
    api_server.answer(f"{PROXY}/things", {"error": "too many"}, status=429)
    assert store.get_json("/things") == (429, {"error": "too many"})


def test_parameters_are_encoded(api_server, store):
    api_server.answer(f"{PROXY}/things", [])
    store.get_json("/things", [("q", 'a{b="c & d"}')])
    assert api_server.asked == [(f"{PROXY}/things", {"q": 'a{b="c & d"}'})]


def test_a_missing_service_names_service_and_namespace(store):
    with pytest.raises(MeshproofError, match=r"service store:80 in namespace watch does not answer \(404"):
        store.get_json("/things")


def test_a_service_without_pods_says_what_the_api_server_said(api_server, store):
    said = {"kind": "Status", "message": 'no endpoints available for service "store"'}
    api_server.answer(f"{PROXY}/things", said, status=503)
    with pytest.raises(MeshproofError, match="503: no endpoints available") as caught:
        store.get_json("/things")
    assert caught.value.exit_code == ExitCode.ENVIRONMENT


def test_text_instead_of_json_is_shown(api_server, store):
    api_server.answer(f"{PROXY}/things", "Error trying to reach service: connection refused", status=502)
    with pytest.raises(MeshproofError, match="502: Error trying to reach service"):
        store.get_json("/things")


def test_an_api_server_that_is_gone_is_named_as_the_cause():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = "http://{}:{}".format(*unused.getsockname())
    configuration = Configuration(host=address)
    configuration.retries = False
    with ApiClient(configuration) as client, pytest.raises(MeshproofError, match="API server did not answer"):
        ServiceProxy(client, "watch", "store", 80).get_json("/things")
