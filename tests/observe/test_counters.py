import pytest

from meshproof.errors import MeshproofError
from meshproof.observe.counters import Counters

PODS = "/api/v1/namespaces/shop/pods"
LISTED = {
    "kind": "PodList",
    "apiVersion": "v1",
    "items": [{"metadata": {"name": name}} for name in ("probe-a-1", "probe-a-2")],
}
HOST = "backend.shop.svc.cluster.local"
OVERFLOW = "upstream_rq_pending_overflow"


def page(**counts):
    samples = "".join(
        f'envoy_cluster_{OVERFLOW}{{{labels}cluster_name="outbound|8080|{subset}|{HOST}"}} {count}\n'
        for subset, (labels, count) in counts.items()
    )
    others = (
        f'envoy_cluster_{OVERFLOW}{{cluster_name="outbound|8080||other.{HOST}"}} 70\n'
        f'envoy_cluster_more_{OVERFLOW}{{cluster_name="outbound|8080||{HOST}"}} 700\n'
        f"envoy_server_live{{}} 1\n"
    )
    return f"# TYPE envoy_cluster_{OVERFLOW} counter\n{samples}{others}"


def where(pod):
    return f"{PODS}/{pod}:15090/proxy/stats/prometheus"


@pytest.fixture
def counters(api, api_server):
    api_server.answer(PODS, LISTED)
    return Counters(api, "shop", "app=probe-a")


def test_counter_is_summed_over_pods_and_subsets_of_its_service_alone(api_server, counters):
    api_server.answer(where("probe-a-1"), page(v1=("", 3), v2=('zone="a",', 4)))
    api_server.answer(where("probe-a-2"), page(v1=("", "1e+1")))
    assert counters.of_upstream(HOST, OVERFLOW) == 17
    assert api_server.asked[1] == (where("probe-a-1"), {"filter": f"{OVERFLOW}$"})


def test_proxy_that_does_not_answer_is_named_by_its_label(counters):
    with pytest.raises(MeshproofError, match=r"proxies of app=probe-a in shop do not show .*404") as error:
        counters.of_upstream(HOST, OVERFLOW)
    assert "pods/proxy" in error.value.next_step
