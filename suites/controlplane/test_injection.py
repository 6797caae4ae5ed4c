"""A pod in a labelled namespace gets a sidecar, and one that opts out does not."""

import pytest

pytestmark = pytest.mark.behaviour("CP-01", manifests="injection.yaml")


def test_labelled_namespace_gets_a_sidecar_unless_a_pod_opts_out(pods, expect):
    def look():
        return {app: [str(pod) for pod in pods(app)] for app in ("newcomer", "loner")}

    def check(seen):
        wanted = {"newcomer": ["2/2 (istio-proxy, newcomer)"], "loner": ["1/1 (loner)"]}
        return None if seen == wanted else f"newcomer {seen['newcomer']}, loner {seen['loner']}"

    expect.eventually(
        look,
        check,
        what="the pods of newcomer, and of loner, which opts out",
        expected="newcomer 2/2 with istio-proxy, loner 1/1 without",
    )
