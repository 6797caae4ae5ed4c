"""The rate limit service's chart: a service that reads its allowances, and the store beside it."""

import pytest
import yaml


@pytest.fixture(scope="module")
def ratelimit(chart):
    return chart("ratelimit")


def of_kind(rendered, kind):
    (found,) = [item for item in yaml.safe_load_all(rendered) if item["kind"] == kind]
    return found


def test_chart_is_clean(ratelimit):
    assert not ratelimit.lint()


def test_chart_renders_as_before(ratelimit, same_as_golden):
    same_as_golden("ratelimit", ratelimit.render())


def test_allowances_are_handed_on_as_they_are(ratelimit):
    descriptors = [{"key": "path", "value": "/", "rate_limit": {"unit": "hour", "requests_per_unit": 3}}]
    rendered = ratelimit.render({"domain": "shop", "descriptors": descriptors})
    told = yaml.safe_load(of_kind(rendered, "ConfigMap")["data"]["allowances.yaml"])
    assert told == {"domain": "shop", "descriptors": descriptors}


def test_other_allowances_make_another_pod(ratelimit):
    pods = [
        of_kind(ratelimit.render(values), "Deployment")["spec"]["template"]
        for values in ({}, {"domain": "shop"})
    ]
    assert pods[0] != pods[1]


def test_nothing_is_limited_to_a_share_of_a_cpu(ratelimit):
    pod = of_kind(ratelimit.render(), "Deployment")["spec"]["template"]["spec"]
    for container in (*pod["initContainers"], *pod["containers"]):
        assert "cpu" not in container["resources"]["limits"]


@pytest.mark.parametrize("values", [{"images": {"redis": "x"}}, {"descriptors": []}, {"tenants": 3}])
def test_values_that_mean_nothing_are_refused(ratelimit, values):
    assert "schema" in ratelimit.refusal(values)


def test_service_carries_the_annotations_that_are_asked_for(ratelimit):
    service = of_kind(ratelimit.render({"serviceAnnotations": {"service.example/a": "1"}}), "Service")
    assert service["metadata"]["annotations"] == {"service.example/a": "1"}
