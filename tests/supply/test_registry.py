import hashlib
import io
import platform
import re
import tarfile
from pathlib import Path

import pytest

from meshproof.errors import MeshproofError
from meshproof.mesh import profile
from meshproof.supply.fetch import FetchFailed
from meshproof.supply.model import ProxyBuild
from meshproof.supply.recipes import CLUSTER_IMAGES
from meshproof.supply.registry import (
    CHARTS,
    MACHINES,
    TOOLS,
    Registry,
    extract,
    machine_name,
    pins,
    pull_command,
)

HOUSE = Path(__file__).parents[2]
PINNED = re.compile(r"docker\.io/[a-z]+/[a-z0-9-]+:[\w.-]+@sha256:[0-9a-f]{64}")
HELM = b"""#!/bin/sh
echo "$*" >> "$(dirname "$0")/calls"
mkdir -p "$7/$(basename "$2")"
"""
LOCAL = ("bookinfo-productpage", "bookinfo-details", "bookinfo-reviews", "bookinfo-ratings", "probe")


def tarred(name, content):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        entry = tarfile.TarInfo(name)
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


@pytest.fixture
def releases(server, house, monkeypatch):
    """Release files on a server of ours, and a house whose pins name them."""
    monkeypatch.setattr(platform, "system", lambda: "Linux")
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    server.files = {
        "/kind-amd64": b"#!/bin/sh\n",
        "/helm-amd64": tarred("linux-amd64/helm", HELM),
        "/kubectl-amd64": b"#!/bin/sh\n",
    }
    lines = [
        *("[registry]", 'istio = "1.31.1"', 'charts = "oci://charts.example/istio"'),
        *('debian = "docker.io/library/debian:trixie-slim@sha256:00"', 'node = "docker.io/kindest/node:v1"'),
        "[registry.images]",
        *(f'{name} = "docker.io/x/{name}:1"' for name in CLUSTER_IMAGES if name not in LOCAL),
    ]
    for name in TOOLS:
        sha256 = hashlib.sha256(server.files[f"/{name}-amd64"]).hexdigest()
        lines += [f"[registry.tools.{name}]", f'address = "{server.url}/{name}-{{machine}}"']
        lines += ['member = "linux-{machine}/helm"'] if name == "helm" else []
        lines += [f'sha256.amd64 = "{sha256}"']
    server.files["/v1/routes.yaml"] = b"kind: CustomResourceDefinition\n"
    sha256 = hashlib.sha256(server.files["/v1/routes.yaml"]).hexdigest()
    lines += ["[registry.gateway_api]", 'version = "v1"', f'address = "{server.url}/{{version}}/{{file}}"']
    lines += ["[registry.gateway_api.sha256]", f'"routes.yaml" = "{sha256}"']
    with (house / "images" / "versions.toml").open("a") as file:
        file.write("\n".join(lines) + "\n")
    return server


@pytest.fixture
def supplied(releases, paths, told):
    assert releases.asked == []
    return Registry(paths).prepare(told.engine)


def test_official_images_are_pulled_by_who_runs_them(supplied, told):
    assert supplied.supply == "registry"
    assert supplied.node_image == "docker.io/kindest/node:v1"
    assert supplied.images["pilot"] == "docker.io/x/pilot:1"
    assert set(supplied.images) == set(CLUSTER_IMAGES)
    assert told.calls("pull") == []


def test_the_proxy_is_istios_and_the_network_kinds(supplied):
    assert supplied.proxy is ProxyBuild.ISTIO
    assert supplied.own_network is False


def test_the_shop_and_the_probe_are_built_on_the_official_debian(supplied, told):
    builds = told.calls("build")
    assert len(builds) == len(LOCAL)
    base = "--build-arg BASE=docker.io/library/debian:trixie-slim@sha256:00 "
    assert all(base in line for line in builds)
    assert [*supplied.load] == [supplied.images[name] for name in LOCAL]
    (save,) = told.calls("save")
    assert save.endswith(" ".join(supplied.load))


def test_tools_lie_where_those_of_the_other_supply_lie(supplied, paths):
    tools = (supplied.tools.kind, supplied.tools.helm, supplied.tools.kubectl)
    assert [tool.name for tool in tools] == ["kind", "helm", "kubectl"]
    assert all(tool.parent.parent == paths.cache / "tools" for tool in tools)
    assert all(tool.stat().st_mode & 0o111 for tool in tools)
    assert supplied.tools.istioctl is None
    assert [path for path in (paths.cache / "tools").iterdir() if path.name.startswith("meshproof-")] == []


def test_charts_are_fetched_with_the_pinned_helm(supplied):
    calls = (supplied.tools.helm.parent / "calls").read_text().splitlines()
    charts = [supplied.charts.base, supplied.charts.istiod, supplied.charts.gateway]
    assert [Path(chart).name for chart in charts] == [*CHARTS]
    assert all(Path(chart).is_dir() for chart in charts)
    assert [call.split(" --untar")[0] for call in calls] == [
        f"pull oci://charts.example/istio/{chart} --version 1.31.1" for chart in CHARTS
    ]


def test_definitions_of_the_gateway_api_are_the_pinned_files(supplied, releases, paths):
    assert supplied.gateway_api == paths.cache / "tools" / "gateway-api-v1"
    (file,) = supplied.gateway_api.iterdir()
    assert (file.name, file.read_bytes()) == ("routes.yaml", releases.files["/v1/routes.yaml"])


def test_a_definition_that_is_not_the_pinned_one_is_never_installed(releases, paths, told):
    releases.files["/v1/routes.yaml"] = b"another"
    with pytest.raises(FetchFailed, match=r"routes\.yaml is not the pinned file"):
        Registry(paths).prepare(told.engine)
    assert not (paths.cache / "tools" / "gateway-api-v1").exists()


def test_what_is_there_is_not_fetched_or_built_again(supplied, releases, paths, told):
    before = [*releases.asked], len(told.calls("build")), len(told.calls("save"))
    assert Registry(paths).prepare(told.engine) == supplied
    assert ([*releases.asked], len(told.calls("build")), len(told.calls("save"))) == before


def test_what_is_pinned_by_version_only_is_said(supplied, capsys, releases, paths, told):
    assert supplied
    assert releases
    capsys.readouterr()
    Registry(paths).prepare(told.engine)
    said = capsys.readouterr().out
    assert "pinned by version only" in said
    assert "docker.io/x/pilot:1," in said
    assert "oci://charts.example/istio 1.31.1" in said
    assert "debian" not in said


def test_a_tool_that_is_not_the_pinned_one_is_never_run(releases, paths, told):
    releases.files["/helm-amd64"] = tarred("linux-amd64/helm", b"another")
    with pytest.raises(FetchFailed, match="helm-amd64 is not the pinned file"):
        Registry(paths).prepare(told.engine)
    assert [path.name.split("-")[0] for path in (paths.cache / "tools").iterdir()] == ["kind"]


def test_a_chart_that_cannot_be_had_is_named(releases, paths, told):
    broken = b"#!/bin/sh\necho 'no such chart' >&2\nexit 1\n"
    releases.files["/helm-amd64"] = tarred("linux-amd64/helm", broken)
    toml = paths.house / "images" / "versions.toml"
    old, new = (hashlib.sha256(tarred("linux-amd64/helm", text)).hexdigest() for text in (HELM, broken))
    toml.write_text(toml.read_text().replace(old, new))
    with pytest.raises(MeshproofError, match=r"Istio's chart base 1\.31\.1 cannot be had: .*no such chart"):
        Registry(paths).prepare(told.engine)


def test_tests_of_a_service_run_on_the_official_debian(releases, paths, told):
    told.say("7 passed\n")
    Registry(paths).test(told.engine, "probe")
    (line,) = told.calls("build")
    assert "--build-arg BASE=docker.io/library/debian:trixie-slim@sha256:00 " in line
    assert "--target test " in line
    assert releases.asked == []


def test_the_browser_stands_on_the_official_debian_and_only_when_asked_for(supplied, paths, told):
    assert "browser" not in supplied.images
    reference = Registry(paths).image(told.engine, "browser")
    line = told.calls("build")[-1]
    assert f"--tag {reference} " in line
    assert "--build-arg BASE=docker.io/library/debian:trixie-slim@sha256:00 " in line


@pytest.mark.parametrize(("machine", "name"), MACHINES.items())
def test_releases_have_their_own_word_for_a_machine(machine, name):
    assert machine_name("Linux", machine) == name


@pytest.mark.parametrize(("system", "machine"), [("Darwin", "arm64"), ("Linux", "riscv64")])
def test_a_machine_without_tools_is_named(system, machine):
    with pytest.raises(MeshproofError, match=f"no tools for {system} on {machine}; run on Linux"):
        machine_name(system, machine)


def test_an_archive_without_the_program_is_told(tmp_path):
    (tmp_path / "helm.tar.gz").write_bytes(tarred("README", b""))
    with pytest.raises(MeshproofError, match="no file linux-amd64/helm in the fetched archive"):
        extract(tmp_path / "helm.tar.gz", "linux-amd64/helm", tmp_path / "helm")


def test_the_command_line_of_a_chart():
    command = pull_command(Path("/t/helm"), pins(HOUSE), "istiod", Path("/t/charts"))
    assert [str(word) for word in command] == [
        *("/t/helm", "pull", "oci://ghcr.io/istio/release/charts/istiod", "--version", pins(HOUSE).istio),
        *("--untar", "--untardir", "/t/charts"),
    ]


def test_this_houses_pins_name_registry_version_and_digest():
    found = pins(HOUSE)
    loose = found.loose()
    assert loose == [
        f"docker.io/istio/pilot:{found.istio}",
        found.images["ratelimit"],
        found.images["valkey"],
        f"{found.charts} {found.istio}",
    ]
    references = {found.debian, found.node, *found.images.values()}
    assert all(PINNED.fullmatch(reference) for reference in references - set(loose))
    assert all(f":{found.istio}" in found.images[name] for name in ("pilot", "proxyv2"))


def test_this_houses_tools_are_pinned_for_every_machine():
    tools = pins(HOUSE).tools
    assert set(tools) == set(TOOLS)
    for tool in tools.values():
        assert tool.address.startswith("https://")
        assert set(tool.sha256) == set(MACHINES.values())
        assert all(re.fullmatch("[0-9a-f]{64}", digest) for digest in tool.sha256.values())


def test_every_pinned_digest_has_its_source_written_down():
    page = (HOUSE / "docs" / "decisions" / "0002-registry-pins.md").read_text()
    digests = re.findall("[0-9a-f]{64}", (HOUSE / "images" / "versions.toml").read_text())
    assert digests
    assert [digest for digest in digests if digest[:12] not in page] == []


def test_istio_is_installed_with_whole_references(supplied):
    values = profile.values(HOUSE, "demo", "istiod", supplied)
    assert values["image"] == supplied.images["pilot"]
    assert values["global"]["proxy"]["image"] == supplied.images["proxyv2"]
    assert values["global"]["proxy_init"]["image"] == supplied.images["proxyv2"]
