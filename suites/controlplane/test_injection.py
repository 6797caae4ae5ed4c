"""A pod in a labelled namespace gets a sidecar, and one that opts out does not."""

import pytest

pytestmark = pytest.mark.behaviour("CP-01", manifests="injection.yaml")

PODS = {"newcomer": "2/2 (istio-proxy, newcomer)", "loner": "1/1 (loner)"}


def differing(seen):
    """Return the pods as they are when they are not as they should be, or None."""
    return None if seen == PODS else ", ".join(f"{app} {pods or 'has no pod'}" for app, pods in seen.items())


def test_labelled_namespace_gets_a_sidecar_unless_a_pod_opts_out(pods, expect):
    expect.eventually(
        lambda: {app: " ".join(str(pod) for pod in pods(app)) for app in PODS},
        differing,
        what="the pods of newcomer, and of loner, which opts out",
        expected="newcomer 2/2 with istio-proxy, loner 1/1 without",
        at_once=True,
    )
