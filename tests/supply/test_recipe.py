import pytest

from meshproof.supply.recipe import Recipe, build_order, image_arguments, inputs, keys, needs, reference


@pytest.fixture
def make(tmp_path):
    def recipe(name, dockerfile, **more):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "Dockerfile").write_text(dockerfile)
        return Recipe(name, folder, **more)

    return recipe


@pytest.fixture
def three(make):
    """`app` is built with `go-tools`, which stands on the base; `alone` needs nothing of either."""
    found = (
        make("app", "ARG BASE\nARG GO_TOOLS\nFROM ${GO_TOOLS}\n"),
        make("go-tools", "ARG BASE\nFROM ${BASE}\n"),
        make("alone", "ARG BASE\nARG VERSION\nFROM ${BASE}\n"),
    )
    return {recipe.name: recipe for recipe in found}


def test_an_argument_with_the_name_of_a_recipe_stands_for_its_image(three):
    names = [*three, "base"]
    assert image_arguments(three["app"], names) == {"BASE": "base", "GO_TOOLS": "go-tools"}
    assert image_arguments(three["alone"], names) == {"BASE": "base"}


def test_what_a_context_archives_is_needed_too(make):
    node = make("node", "ARG BASE\nFROM ${BASE}\n", archived=("pause", "etcd"))
    assert needs(node, ["node", "pause", "etcd", "base"]) == ("base", "etcd", "pause")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("FROM app AS test", True),
        ("from app as test", True),
        ("FROM app AS tester", False),
        ("FROM test", False),
        ("RUN echo AS test", False),
    ],
)
def test_tests_are_a_stage_of_that_name(make, line, expected):
    assert make("service", f"FROM x AS app\n{line}\n").has_tests() is expected


def test_what_tests_leave_behind_is_no_input(make):
    recipe = make("service", "FROM x\n")
    for name in (
        "src/main.py",
        "src/__pycache__/main.pyc",
        "node_modules/a/index.js",
        "target/a.jar",
        "src/a_pb2.py",
    ):
        file = recipe.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    assert [path.name for path in inputs(recipe.folder)] == ["Dockerfile", "main.py"]


def test_a_changed_input_changes_its_own_key_and_those_built_on_it(three):
    before = keys(three, "b")
    (three["go-tools"].folder / "main.go").write_text("package main")
    after = keys(three, "b")
    assert {name for name in before if before[name] != after[name]} == {"go-tools", "app"}


def test_a_changed_base_changes_every_key(three):
    assert all(keys(three, "b")[name] != keys(three, "c")[name] for name in (*three, "base"))


def test_keys_follow_content_and_mode_and_not_time(three):
    before = keys(three, "b")["alone"]
    dockerfile = three["alone"].folder / "Dockerfile"
    dockerfile.write_text(dockerfile.read_text())
    assert keys(three, "b")["alone"] == before
    dockerfile.chmod(0o755)
    assert keys(three, "b")["alone"] != before


def test_target_and_arguments_are_part_of_the_key(make):
    plain = make("one", "FROM x\n")
    others = [
        Recipe("one", plain.folder, "static"),
        Recipe("one", plain.folder, arguments={"VERSION": "v1"}),
        Recipe("one", plain.folder, arguments={"VERSION": "v2"}),
    ]
    found = {keys({"one": recipe}, "b")["one"] for recipe in (plain, *others)}
    assert len(found) == 4


def test_a_reference_names_image_and_key():
    assert reference("probe", "0123") == "localhost/meshproof/probe:0123"


def test_each_image_comes_after_its_needs(three):
    assert build_order(three, ["app"]) == ["base", "go-tools", "app"]


def test_the_order_of_the_wanted_decides_where_needs_do_not(three):
    assert build_order(three, ["alone", "app"]) == ["base", "alone", "go-tools", "app"]
