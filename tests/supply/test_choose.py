import pytest

from meshproof.errors import ExitCode, MeshproofError
from meshproof.paths import paths as real_paths
from meshproof.supply import choose as chooser
from meshproof.supply.choose import RegistrySilent, choose


@pytest.fixture
def registry(server, monkeypatch):
    """An image registry that asks for a login."""
    server.statuses["/v2/"] = 401
    monkeypatch.setattr(chooser, "IMAGE_REGISTRY", f"{server.url}/v2/")
    return server


def test_auto_takes_official_releases_where_they_can_be_had(registry, capsys):
    assert choose("auto", real_paths()).name == "registry"
    assert registry.asked == ["/v2/"]
    said = capsys.readouterr().out
    assert said.splitlines() == [
        f"    supply registry: official images, because {registry.url.removeprefix('http://')} answers"
    ]


def test_auto_falls_back_and_says_why_in_one_line(registry, capsys):
    registry.statuses["/v2/"] = 503
    assert choose("auto", real_paths()).name == "packages"
    (line,) = capsys.readouterr().out.splitlines()
    assert "supply packages: images are built here" in line
    assert "it answered with HTTP status 503" in line


def test_registry_that_answers_is_taken_in_silence(registry, capsys):
    assert choose("registry", real_paths()).name == "registry"
    assert registry.asked == ["/v2/"]
    assert capsys.readouterr().out == ""


def test_registry_that_does_not_answer_is_an_error(registry):
    registry.statuses["/v2/"] = 503
    with pytest.raises(RegistrySilent, match=r"does not answer: .* 503; .*--supply packages") as caught:
        choose("registry", real_paths())
    assert caught.value.exit_code is ExitCode.ENVIRONMENT


def test_packages_asks_no_image_registry(registry, capsys):
    assert choose("packages", real_paths()).name == "packages"
    assert registry.asked == []
    assert capsys.readouterr().out == ""


def test_an_unknown_supply_is_a_usage_error(registry):
    with pytest.raises(
        MeshproofError, match="no supply 'mirror'; use one of: auto, registry, packages"
    ) as caught:
        choose("mirror", real_paths())
    assert caught.value.exit_code is ExitCode.USAGE
    assert registry.asked == []
