"""A module that knows several APIs runs each of its tests through each; both judge its behaviour."""

import pytest

MODULE = """
import pytest

pytestmark = pytest.mark.behaviour("TM-02", manifests=("routes.istio.yaml", "routes.gateway-api.yaml"))


@pytest.mark.parametrize("reader", ["jason", "alice"])
def test_reader(manifests, reader):
    manifests.note("test " + reader)
"""


@pytest.fixture
def both(suite):
    suite.manifest("routes.istio.yaml", "virtual-service")
    suite.manifest("routes.gateway-api.yaml", "http-route")
    suite.module(MODULE)
    return suite


def offer_gateway_api(suite):
    conftest = suite.folder / "conftest.py"
    conftest.write_text(
        conftest.read_text().replace(
            'Feature("gateway-api", offered=False', 'Feature("gateway-api", offered=True'
        )
    )


def through(suite):
    return {
        record["test"]: (record["api"], record["verdict"]) for record in suite.records if "test" in record
    }


def test_every_test_runs_through_each_api_with_its_manifest(both):
    offer_gateway_api(both)
    both.run().assert_outcomes(passed=4)
    assert [line for line in both.cluster if "proxies" not in line] == [
        "apply virtual-service",
        "test jason",
        "test alice",
        "delete virtual-service",
        "apply http-route",
        "test jason",
        "test alice",
        "delete http-route",
    ]
    assert set(through(both).values()) == {("istio", "passed"), ("gateway-api", "passed")}


def test_api_that_is_not_offered_leaves_the_behaviour_to_the_other(both):
    result = both.run()
    assert result.ret == 0
    assert both.cluster.count("apply http-route") == 0
    assert set(through(both).values()) == {("istio", "passed"), ("gateway-api", "not offered")}
    result.stdout.fnmatch_lines(["TM-02  passed *", "*not offered through gateway-api*"])


def test_control_withholds_each_manifest_or_applies_its_opposite(both):
    offer_gateway_api(both)
    both.manifest("routes.gateway-api.control.yaml", "other-route")
    both.run("--meshproof-control")
    assert [line for line in both.cluster if line.startswith("apply")] == ["apply other-route"]


def test_module_that_needs_what_is_absent_is_not_offered(suite):
    suite.module(
        "import pytest\n"
        'pytestmark = pytest.mark.behaviour("TM-02", needs=("http3",))\n'
        "def test_edge(): pass\n"
    )
    suite.run()
    assert set(suite.verdicts.values()) == {"not offered"}
