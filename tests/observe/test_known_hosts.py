import pytest

from meshproof.errors import MeshproofError
from meshproof.observe import known_hosts
from meshproof.observe.known_hosts import KnownHosts, names_of

PODS = "/api/v1/namespaces/shop/pods"


def clusters(*names):
    return {"configs": [{"cluster": {"name": name}} for name in names]}


def routes(*domains):
    return {"configs": [{"route_config": {"name": "8080", "virtual_hosts": [{"domains": list(domains)}]}}]}


FULL = "backend.shop.svc.cluster.local"


@pytest.mark.parametrize(
    ("of_clusters", "of_routes"),
    [([f"outbound|8080||{FULL}"], []), ([f"outbound|8080|v1|{FULL}"], []), ([], [f"{FULL}:8080", "backend"])],
)
def test_service_is_named_by_a_cluster_or_by_a_route(of_clusters, of_routes):
    assert names_of(clusters(*of_clusters), routes(*of_routes)) == {"backend.shop.svc"}


def test_what_is_no_service_is_left_out():
    found = names_of(
        clusters("PassthroughCluster", "outbound|443||api.example"), routes("*", "api.example:443")
    )
    assert found == frozenset()


class FakeProxy:
    asked = ()

    def __init__(self, _api, namespace, pod):
        assert namespace == "shop"
        self._known = {"probe-a-1": ["probe-b"], "probe-a-2": ["probe-b", "hidden-too"]}[pod]

    def clusters(self, names, seconds):
        FakeProxy.asked = (names, seconds)
        return clusters(*(f"outbound|8080||{name}.shop.svc.cluster.local" for name in self._known))

    def routes(self, names, seconds):
        assert (names, seconds) == (".*", 7)
        return routes("*")


@pytest.fixture
def pods(api_server):
    def answer(*names):
        items = [{"metadata": {"name": name}} for name in names]
        api_server.answer(PODS, {"kind": "PodList", "apiVersion": "v1", "items": items})

    return answer


def test_names_that_any_proxy_knows_are_told_among_those_asked_for(api, pods, monkeypatch):
    pods("probe-a-1", "probe-a-2")
    monkeypatch.setattr(known_hosts, "Proxy", FakeProxy)
    known = KnownHosts(api, "shop", "app=probe-a", 7)
    assert known.among("probe-b", "hidden") == {"probe-b"}
    assert FakeProxy.asked == (r"outbound\|.*\|(probe\-b\.shop\.svc|hidden\.shop\.svc)\..*", 7)


def test_pods_that_are_not_there_tell_nothing(api, pods):
    pods()
    with pytest.raises(MeshproofError, match="no pod with the label app=probe-a runs in shop"):
        KnownHosts(api, "shop", "app=probe-a", 7).among("hidden")
