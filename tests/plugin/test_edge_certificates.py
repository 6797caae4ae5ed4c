"""Certificates where the gateway finds them: put, put anew, removed, and never read."""

from types import SimpleNamespace

import pytest
from kubernetes.client import ApiException, CoreV1Api

from meshproof.certificates import Authority
from meshproof.plugin.certificates import Certificates, Edge
from meshproof.run import Run
from meshproof.traffic.probe import Probe


@pytest.fixture(scope="module")
def authority():
    return Authority.named("test")


@pytest.fixture
def stored(monkeypatch):
    """What the API server holds, by kind and name; a verb that is none of these fails."""
    held = {}

    def of(kind):
        def create(_api, namespace, body):
            assert namespace == "meshproof-r1"
            if (kind, body["metadata"]["name"]) in held:
                raise ApiException(409)
            held[kind, body["metadata"]["name"]] = body

        def replace(_api, name, _namespace, body):
            held[kind, name] = body

        def delete(_api, name, _namespace):
            if held.pop((kind, name), None) is None:
                raise ApiException(404)

        return {"create": create, "replace": replace, "delete": delete}

    for kind in ("secret", "config_map"):
        for verb, does in of(kind).items():
            monkeypatch.setattr(CoreV1Api, f"{verb}_namespaced_{kind}", does)
        monkeypatch.delattr(CoreV1Api, f"read_namespaced_{kind}")
    return held


@pytest.fixture
def certificates(stored):  # noqa: ARG001 - where they go
    return Certificates(SimpleNamespace(), Run("r1"))


def test_a_secret_is_one_of_tls_and_bears_the_runs_labels(certificates, stored, authority):
    issued = authority.issue("red.example")
    certificates.put("red", issued)
    secret = stored["secret", "red"]
    assert secret["type"] == "kubernetes.io/tls"
    assert secret["metadata"]["labels"] == Run("r1").labels
    assert secret["stringData"] == {"tls.crt": issued.pem, "tls.key": issued.key}


def test_a_secret_may_name_whose_clients_are_taken(certificates, stored, authority):
    certificates.put("red", authority.issue("red.example"), clients=authority)
    certificates.trust("clients", authority)
    assert stored["secret", "red"]["stringData"]["ca.crt"] == authority.pem
    assert stored["config_map", "clients"]["data"] == {"ca.crt": authority.pem}


def test_a_renewed_certificate_takes_the_place_of_the_old_one(certificates, stored, authority):
    for issued in (authority.issue("red.example"), authority.issue("red.example")):
        certificates.put("red", issued)
        assert stored["secret", "red"]["stringData"]["tls.crt"] == issued.pem


def test_a_broken_secret_has_the_key_of_another(certificates, stored, authority):
    one, two = authority.issue("red.example"), authority.issue("blue.example")
    certificates.put_broken("red", one, key_of=two)
    assert stored["secret", "red"]["stringData"] == {"tls.crt": one.pem, "tls.key": two.key}


def test_all_are_removed_and_what_is_gone_already_is_fine(certificates, stored, authority):
    certificates.put("red", authority.issue("red.example"))
    certificates.put("blue", authority.issue("blue.example"))
    certificates.trust("clients", authority)
    del stored["secret", "red"]
    certificates.remove()
    assert stored == {}
    certificates.remove()


def test_one_can_be_removed_alone(certificates, stored, authority):
    for name in ("red", "blue"):
        certificates.put(name, authority.issue(f"{name}.example"))
    certificates.remove("red")
    assert set(stored) == {("secret", "blue")}


def test_a_refusal_is_told(certificates, stored, authority, monkeypatch):
    def refuse(*_):
        raise ApiException(403)

    monkeypatch.setattr(CoreV1Api, "create_namespaced_secret", refuse)
    with pytest.raises(ApiException):
        certificates.put("red", authority.issue("red.example"))
    assert stored == {}


def test_a_call_of_the_edge_asks_for_its_host_and_trusts_the_authority_alone(authority):
    edge = Edge(Probe("probe-plain", SimpleNamespace()), "gateway.meshproof-r1", authority)
    client = authority.issue("reader.example")
    call = edge.get("red.example", client=client)
    assert (call.url, call.host) == ("https://gateway.meshproof-r1:443/", "red.example")
    assert (call.tls.sni, call.tls.ca) == ("red.example", authority.pem)
    assert (call.tls.client.certificate, call.tls.client.key) == (client.pem, client.key)
    assert edge.get("red.example").tls.client is None
    assert edge.url("grpcs").startswith("grpcs://")
