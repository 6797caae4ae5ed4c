import threading

import pytest

from meshproof import process
from meshproof.supply.builds import Base, BuildFailed, Images, current_step, explain
from meshproof.supply.recipes import recipes

OFFICIAL = Base("docker.io/library/debian:trixie-slim@sha256:00", "official")


@pytest.fixture
def images(paths):
    return Images(paths, recipes(paths.house), Base("localhost/meshproof/base:b", "b", lambda *_: None))


@pytest.fixture
def log(tmp_path):
    def write(*lines):
        path = tmp_path / "build-reviews.log"
        path.write_text("\n".join(lines))
        return path

    return write


def test_everything_is_missing_at_first_and_comes_after_its_needs(images):
    order = images.missing(set(), ["istio", "probe"])
    assert order == ["base", "go", "istio", "probe"]


def test_what_only_served_to_build_something_present_is_not_built_again(images):
    assert images.missing({images.reference("istio")}, ["istio"]) == []


def test_a_missing_need_is_built_for_what_is_missing_alone(images):
    have = {images.reference("go"), images.reference("istio")}
    assert images.missing(have, ["istio", "pilot", "jaeger"]) == ["pilot", "jaeger"]


def test_an_official_base_is_never_built(paths):
    images = Images(paths, recipes(paths.house), OFFICIAL)
    assert images.missing(set(), ["probe"]) == ["probe"]
    assert images.reference("base") == OFFICIAL.reference


def test_a_build_gets_the_images_that_it_stands_on(images, told):
    images.ensure(told.engine, ["pilot"])
    builds = {line.split("--tag ")[1].split(":")[0].split("/")[-1]: line for line in told.calls("build")}
    assert [*builds] == ["go", "istio", "pilot"]
    assert f"--build-arg BASE={images.reference('base')}" in builds["go"]
    for argument in (f"GO={images.reference('go')}", "VERSION=1.31-dev", "REVISION=eed52ebb66ad"):
        assert f"--build-arg {argument} " in builds["istio"]
    assert f"--build-arg ISTIO={images.reference('istio')}" in builds["pilot"]


def test_the_nodes_context_holds_what_it_archives(images, told, paths):
    images.ensure(told.engine, ["node"])
    (node,) = (line for line in told.calls("build") if "/meshproof/node:" in line)
    (save,) = told.calls("save")
    assert not node.endswith(str(paths.house / "images" / "node")), "the checkout itself stays clean"
    assert images.reference("etcd") in save
    assert images.reference("kube-apiserver") in save


def test_tests_are_built_from_their_own_stage(images, told):
    told.say("==== 7 passed in 0.1s ====\n")
    assert images.test(told.engine, "probe") == "7 passed in 0.1s"
    (line,) = told.calls("build")
    assert f"--tag {images.reference('probe')}-test " in line
    assert "--target test " in line


def test_tests_run_again_even_when_nothing_changed(images, told):
    told.say("7 passed\n")
    images.test(told.engine, "probe")
    images.test(told.engine, "probe")
    first, second = (line.split("TEST_RUN=")[1].split()[0] for line in told.calls("build"))
    assert first != second


def test_a_test_stage_in_which_no_test_ran_fails(images, told):
    told.say("collected 0 items\n")
    with pytest.raises(BuildFailed, match="the tests of probe ended without one that ran; read the log"):
        images.test(told.engine, "probe")


def test_a_failed_build_ends_the_round_and_names_image_and_log(images, told, monkeypatch):
    monkeypatch.setattr(process, "_stopping", threading.Event())
    told.fail("STEP 2/9: RUN apt-get update\nE: something broke\n")
    with pytest.raises(BuildFailed, match="building image go, STEP 2/9: RUN apt-get update failed") as caught:
        images.ensure(told.engine, ["istio"])
    assert str(images.log("go")) in str(caught.value)
    assert len(told.calls("build")) == 1


def test_an_archive_is_written_once_and_an_older_one_goes(images, told, paths):
    archive = images.archive(told.engine, ["probe"])
    assert images.archive(told.engine, ["probe"]) == archive
    assert len(told.calls("save")) == 1
    newer = images.archive(told.engine, ["probe", "jaeger"])
    assert [*(paths.cache / "archives").iterdir()] == [newer]


@pytest.mark.parametrize(
    ("lines", "step"),
    [
        (["STEP 1/9: FROM x", "fetching", "STEP 2/9: RUN make", "cc -o a"], "STEP 2/9: RUN make"),
        (["#5 [build 2/4] RUN make", "#5 0.1 cc -o a"], "#5 [build 2/4] RUN make"),
        (["STEP 3/9: RUN " + "x" * 90], "STEP 3/9: RUN " + "x" * 46),
        (["nothing yet"], ""),
    ],
    ids=["podman", "docker", "long", "none"],
)
def test_the_current_step_is_the_last_that_the_log_names(log, lines, step):
    assert current_step(log(*lines)) == step


def test_there_is_no_step_before_there_is_a_log(tmp_path):
    assert current_step(tmp_path / "none.log") == ""


def test_a_full_disk_is_named(log):
    path = log("STEP 4/9: RUN mvn package", "write /var/lib: No space left on device")
    error = explain("reviews", path, OSError("exit 1"))
    assert error.what == "the disk is full while building image reviews, STEP 4/9: RUN mvn package"
    assert "about 25 GB" in error.next_step


def test_a_full_disk_is_named_before_there_is_a_log(tmp_path):
    error = explain("node", tmp_path / "none.log", OSError(28, "No space left on device"))
    assert error.what == "the disk is full while building image node"


@pytest.mark.parametrize(
    "line",
    [
        "E: Temporary failure resolving 'mirror.example'",
        "dial tcp: lookup proxy.example: no such host",
        "connect: connection refused",
    ],
)
def test_a_registry_that_cannot_be_reached_is_named(log, line):
    error = explain("reviews", log("STEP 1/9: RUN x", line), OSError("exit 1"))
    assert "a package registry could not be reached while building image reviews" in error.what
    assert "network or proxy settings" in error.next_step


def test_any_other_failure_names_step_and_log(log):
    path = log("STEP 7/9: RUN mvn verify", "Tests run: 3, Failures: 1")
    error = explain("reviews", path, OSError("exit 1"))
    assert str(error) == f"building image reviews, STEP 7/9: RUN mvn verify failed; read the log {path}."
