import pytest

from meshproof.supply import host
from meshproof.supply.model import ProxyBuild
from meshproof.supply.packages import Packages


@pytest.fixture
def supplied(paths, told):
    return Packages(paths).prepare(told.engine)


def test_everything_is_built_here(supplied, told):
    assert supplied.supply == "packages"
    assert supplied.proxy is ProxyBuild.STOCK
    assert supplied.own_network
    references = [supplied.node_image, *supplied.images.values()]
    assert all(reference.startswith("localhost/meshproof/") for reference in references)
    assert [*supplied.load] == [*supplied.images.values()]
    assert len(told.calls("import")) == 1


def test_tools_and_charts_are_taken_out_of_their_images(supplied, paths):
    tools = supplied.tools
    assert tools.kind.read_text() == "container:/kind\n"
    assert tools.istioctl.read_text() == "container:/bin/istioctl\n"
    assert tools.kind.is_relative_to(paths.cache / "tools")
    assert supplied.gateway_api.read_text() == "container:/gateway-api\n"
    assert supplied.charts.istiod.endswith("/charts/istio-control/istio-discovery")


def test_what_is_there_is_not_made_again(supplied, paths, told):
    before = [len(told.calls(word)) for word in ("build", "import", "save", "cp")]
    assert Packages(paths).prepare(told.engine) == supplied
    assert [len(told.calls(word)) for word in ("build", "import", "save", "cp")] == before


def test_a_changed_service_is_rebuilt_alone(supplied, paths, told):
    before = len(told.calls("build"))
    (paths.house / "bookinfo" / "ratings" / "main.js").write_text("x")
    again = Packages(paths).prepare(told.engine)
    assert len(told.calls("build")) == before + 1
    changed = {name for name, image in again.images.items() if image != supplied.images[name]}
    assert changed == {"bookinfo-ratings"}


def test_a_base_that_is_there_needs_no_mmdebstrap(supplied, paths, told, monkeypatch):
    monkeypatch.setattr(host, "find", lambda _: None)
    (paths.house / "bookinfo" / "ratings" / "main.js").write_text("y")
    assert Packages(paths).prepare(told.engine).node_image == supplied.node_image


def test_an_image_that_only_some_need_is_built_when_it_is_asked_for(supplied, paths, told):
    assert "browser" not in supplied.images
    before = len(told.calls("build"))
    reference = Packages(paths).image(told.engine, "browser")
    assert reference.startswith("localhost/meshproof/browser:")
    assert Packages(paths).image(told.engine, "browser") == reference
    assert len(told.calls("build")) == before + 1
