"""A suite of its own for each test, run by pytest itself, with fakes where the real ones need a cluster."""

import json
from pathlib import Path

import pytest

import meshproof.features
import meshproof.manifests
import meshproof.plugin.verdicts  # noqa: F401 - imported once here, or else anew by every inner run

FAKES = """
import pytest

from meshproof.errors import MeshproofError
from meshproof.features import Feature, Features


class Manifests:
    def __init__(self, log):
        self.log = log

    def note(self, text):
        with self.log.open("a") as log:
            print(text, file=log)

    def apply(self, objects):
        names = [obj["metadata"]["name"] for obj in objects]
        if "refused" in names:
            raise MeshproofError("the cluster refused Thing refused: no", "correct the manifest")
        self.note(f"apply {' '.join(names)}")
        return names

    def delete(self, names):
        self.note(f"delete {' '.join(names)}")
        if "sticky" in names:
            raise MeshproofError("deleting Thing sticky is not done", "look at the events")


@pytest.fixture(scope="session")
def features():
    return Features([
        Feature("prometheus", offered=False, found="no Service prometheus"),
        Feature("ingress", offered=True, found="there"),
        Feature("tracing", offered=False, found="", broken=MeshproofError("jaeger is down", "look at it")),
    ])


@pytest.fixture(scope="session")
def manifests(tmp_path_factory, request):
    return Manifests(request.config.rootpath / "cluster.log")


@pytest.fixture(scope="session")
def tokens():
    return {"run": "r1"}
"""

MANIFEST = "apiVersion: v1\nkind: Thing\nmetadata: {{name: {name}}}\n"


class Suite:
    """A folder with a suite, and what became of running it."""

    def __init__(self, pytester):
        self._pytester = pytester
        self.folder = pytester.path
        pytester.makeconftest(FAKES)
        pytester.makeini("[pytest]\naddopts = --strict-markers\n")

    def manifest(self, file, name):
        (self.folder / file).write_text(MANIFEST.format(name=name))

    def module(self, text, name="test_it"):
        self._pytester.makepyfile(**{name: text})

    def run(self, *args):
        return self._pytester.runpytest_inprocess("--meshproof-output", "out", *args)

    def run_apart(self, *args):
        """Run in a process of its own, for what would reach the outer pytest or what it has imported."""
        return self._pytester.runpytest_subprocess("--meshproof-output", "out", *args)

    @property
    def records(self):
        lines = (self.folder / "out" / "results.jsonl").read_text().splitlines()
        return [json.loads(line) for line in lines]

    @property
    def verdicts(self):
        return {
            record["test"].rpartition("::")[2]: record["verdict"]
            for record in self.records
            if record["kind"] == "test"
        }

    @property
    def cluster(self):
        log = Path(self.folder / "cluster.log")
        return log.read_text().splitlines() if log.exists() else []


@pytest.fixture
def suite(pytester):
    return Suite(pytester)
